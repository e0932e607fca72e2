"""The data streams, indices and templates of a node: what is there, and what a document to a new name makes."""
import fnmatch
import json
import pathlib
import re

TEMPLATE = pathlib.Path(__file__).parent / "../../examples/elastic/index-template.json"
TEMPLATE_PATH = re.compile(r"/_index_template(?:/([^/]+))?")
RESOLVE_PATH = re.compile(r"/_resolve/index/([^/]+)")
INDEX_PATH = re.compile(r"/([^_/][^/]*)")


def options(parser):
    parser.add_argument("--no-template", action="store_true", help="bulk: without that of examples/")
    parser.add_argument("--no-auto-create", action="store_true", help="bulk: action.auto_create_index is false")
    parser.add_argument("--look-status", type=int, help="bulk: questions about indices and templates are answered so")


class Indices:
    def __init__(self, args):
        self.args = args
        self.templates, self.kinds = {}, {}
        if not args.no_template:
            self.templates["oversight"] = json.loads(TEMPLATE.read_text())

    def serve(self, request):
        """(status, body) of a question or an order about indices; None of anything else."""
        resolve, template = RESOLVE_PATH.fullmatch(request.path), TEMPLATE_PATH.fullmatch(request.path)
        index = INDEX_PATH.fullmatch(request.path)
        if (resolve or template) and request.method == "GET" and self.args.look_status:
            return self.args.look_status, problem("security_exception", "action is unauthorized")
        if resolve and request.method == "GET":
            return 200, self.resolve(resolve.group(1))
        if template and request.method == "GET":
            return 200, {"index_templates": [{"name": name, "index_template": one}
                                             for name, one in self.templates.items()]}
        if template and request.method == "PUT":
            return self.put_template(template.group(1), json.loads(request.body))
        if index and request.method == "PUT":
            self.kinds[index.group(1)] = "indices"
            return 200, {"acknowledged": True, "index": index.group(1)}
        return None

    def resolve(self, name):
        found = {"indices": [], "aliases": [], "data_streams": []}
        if name in self.kinds:
            found[self.kinds[name]].append({"name": name})
        return found

    def put_template(self, name, template):
        bare = bare_constant(template.get("template", {}).get("mappings", {}).get("properties", {}))
        if bare:
            return 400, problem("illegal_argument_exception", "template after composition is invalid",
                                caused_by={"type": "mapper_parsing_exception",
                                           "reason": f"Field [{bare}] is missing required parameter [value]"})
        self.templates[name] = template
        return 200, {"acknowledged": True}

    def make(self, name):
        """Makes what a document goes to, as the best template says, or an index with guessed mappings. Why that
        cannot be, or None."""
        if name in self.kinds:
            return None
        fitting = [one for one in self.templates.values()
                   if any(fnmatch.fnmatchcase(name, pattern) for pattern in one["index_patterns"])]
        best = max(fitting, key=lambda one: one.get("priority", 0), default=None)
        if self.args.no_auto_create and not (best and "data_stream" in best):
            return {"type": "index_not_found_exception",
                    "reason": f"no such index [{name}] and [action.auto_create_index] is [false]"}
        self.kinds[name] = "data_streams" if best and "data_stream" in best else "indices"
        return None


def bare_constant(properties):
    """The name of a constant_keyword without a value, which OpenSearch refuses; or None."""
    for name, field in properties.items():
        if field.get("type") == "constant_keyword" and "value" not in field:
            return name
        if inner := bare_constant(field.get("properties", {})):
            return inner
    return None


def problem(kind, reason, **more):
    return {"error": {"root_cause": [{"type": kind, "reason": reason}], "type": kind, "reason": reason, **more}}
