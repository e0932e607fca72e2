"""Azure: the Data Collector API (sentinel) and the Logs Ingestion API with its two token services (ingestion)."""
import base64
import calendar
import email.utils
import hashlib
import hmac
import json
import re
import secrets
import time
import urllib.parse

import records
from wire import Answer

LOG_TYPE = re.compile(r"[A-Za-z0-9_]{1,100}")
STREAM_PATH = re.compile(r"/dataCollectionRules/([^/]+)/streams/([^/]+)")
LOGIN_PATH = re.compile(r"/([^/]+)/oauth2/v2\.0/token")
METADATA_PATH = "/metadata/identity/oauth2/token"
SCOPE = "https://monitor.azure.com/.default"
RESOURCE = "https://monitor.azure.com"


def options(parser):
    parser.add_argument("--workspace-id", help="sentinel")
    parser.add_argument("--shared-key", help="sentinel: in base64")
    parser.add_argument("--too-large-status", type=int, default=404, help="sentinel: 404 is the documented one")
    parser.add_argument("--tenant", help="ingestion: the one tenant that is known; none: any")
    parser.add_argument("--client-id", help="ingestion: the one that is known; none: any")
    parser.add_argument("--client-secret", help="ingestion: none: any that is not empty")
    parser.add_argument("--rule-id", help="ingestion: the one rule that exists; none: any")
    parser.add_argument("--stream", help="ingestion: the one stream that exists; none: any")
    parser.add_argument("--token-life", type=float, default=3600, help="ingestion: seconds")
    parser.add_argument("--revoke-after", type=int, help="ingestion: data requests before all tokens become invalid")


def array_refusal(request, found):
    """Both services fail the whole request and name no record."""
    if any(not isinstance(value, dict) for value, _ in found):
        return "an element is no object"
    return "a value could not be read" if b"poison" in request.body else ""


class Sentinel:
    max_bytes = 30_000_000

    def __init__(self, args, store):
        self.args, self.store = args, store
        self.max_bytes = args.max_bytes or self.max_bytes
        self.key = base64.b64decode(args.shared_key or "", validate=True)

    def kind(self, request):
        return "data" if request.method == "POST" and request.path == "/api/logs" else "other"

    def serve(self, request):
        if self.kind(request) != "data":
            return Answer(404)
        if len(request.wire) > self.max_bytes:
            return Answer(self.args.too_large_status)
        wrong = self.refusal(request)
        if wrong:
            return complaint(*wrong)
        try:
            found = records.array(request.wire)
        except records.BadRecord as problem:
            return complaint(400, "InvalidDataFormat", f"Invalid JSON: {problem.args[0]}")
        if problem := array_refusal(request, found):
            return complaint(400, "InvalidDataFormat", problem)
        self.store.keep(request, [(None, text) for _, text in found])
        return Answer(200)

    def refusal(self, request):
        """(status, error, message) for a request that is refused for its address or its headers, or None."""
        version = request.query.get("api-version")
        if version != "2016-04-01":
            return 400, "InvalidApiVersion" if version else "MissingApiVersion", "The API version is missing or invalid"
        if request.encoding:
            return 400, "InvalidDataFormat", "Compressed bodies are not supported"
        if "content-type" not in request.headers:
            return 400, "MissingContentType", "The content type was not specified"
        if request.headers["content-type"] != "application/json":
            return 400, "UnsupportedContentType", "The content type was not set to application/json"
        if "log-type" not in request.headers:
            return 400, "MissingLogType", "The log type was not specified"
        if not LOG_TYPE.fullmatch(request.headers["log-type"]):
            return 400, "InvalidLogType", "The log type may have letters, digits and underscores, at most 100"
        problem = self.signature_problem(request)
        return (403, "InvalidAuthorization", problem) if problem else None

    def signature_problem(self, request):
        date = request.headers.get("x-ms-date", "")
        moment = moment_of(date)
        if moment is None:
            return "x-ms-date is not in the form of RFC 1123"
        if abs(time.time() - moment) > 15 * 60:
            return "x-ms-date is not within 15 minutes of the clock"
        signed = f"POST\n{len(request.wire)}\napplication/json\nx-ms-date:{date}\n/api/logs"
        digest = hmac.new(self.key, signed.encode(), hashlib.sha256).digest()
        expected = f"SharedKey {self.args.workspace_id}:{base64.b64encode(digest).decode()}"
        given = request.headers.get("authorization", "")
        return "" if hmac.compare_digest(expected.encode(), given.encode()) else "An invalid signature was specified"

    def count(self, body):
        return records.estimate(body)

    def success(self, request, count):
        return Answer(200)


def complaint(status, error, message):
    return Answer(status, json.dumps({"Error": error, "Message": message}).encode())


def moment_of(date):
    """Seconds of exactly `Wed, 04 Nov 2026 10:00:00 GMT`, else None: written back it must be the same text."""
    try:
        parsed = time.strptime(date, "%a, %d %b %Y %H:%M:%S GMT")
    except ValueError:
        return None
    moment = calendar.timegm(parsed)
    return moment if email.utils.formatdate(moment, usegmt=True) == date else None


class Ingestion:
    max_bytes = 1_048_576

    def __init__(self, args, store):
        self.args, self.store = args, store
        self.max_bytes = args.max_bytes or self.max_bytes
        self.tokens = {}        # token: when it expires
        self.served = 0

    def kind(self, request):
        if request.method == "POST" and STREAM_PATH.fullmatch(request.path):
            return "data"
        return "token" if LOGIN_PATH.fullmatch(request.path) or request.path == METADATA_PATH else "other"

    def serve(self, request):
        if self.kind(request) == "data":
            return self.stream(request)
        if request.path == METADATA_PATH and request.method == "GET":
            return self.metadata(request)
        if LOGIN_PATH.fullmatch(request.path) and request.method == "POST":
            return self.login(request)
        return failure(404, "NotFound", "no such resource")

    def stream(self, request):
        if not self.authorized(request):
            answer = failure(401, "Unauthorized", "The token is missing, unknown or expired")
            answer.headers.append(("WWW-Authenticate", 'Bearer error="invalid_token"'))
            return answer
        return self.refusal(request) or self.take(request)

    def authorized(self, request):
        """Counts the requests that had a valid token, and revokes all tokens when it is time to."""
        given = request.headers.get("authorization", "")
        with self.store.lock:
            if not given.startswith("Bearer ") or self.tokens.get(given[7:], 0) <= time.time():
                return False
            self.served += 1
            if self.served == self.args.revoke_after:
                self.tokens.clear()
        return True

    def refusal(self, request):
        rule, stream = STREAM_PATH.fullmatch(request.path).groups()
        if request.query.get("api-version") != "2023-01-01":
            return failure(400, "UnsupportedApiVersion", "The api-version is missing or not supported")
        if self.args.rule_id and rule != self.args.rule_id:
            return failure(404, "NotFound", f"Data collection rule with immutable Id '{rule}' not found.")
        if self.args.stream and stream != self.args.stream:
            return failure(400, "InvalidStream", f"Stream: {stream} was not found.")
        if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
            return failure(415, "UnsupportedMediaType", "The content type must be application/json")
        if len(request.wire) > self.max_bytes:
            return failure(413, "ContentLengthLimitExceeded",
                           f"Maximum allowed content length: {self.max_bytes} bytes (1 MB). "
                           f"Provided content length: {len(request.wire)} bytes.")
        if request.encoding not in ("", "gzip") or request.problem:
            return failure(400, "InvalidContentEncoding", request.problem or "only gzip is supported")
        return None

    def take(self, request):
        if request.body.lstrip(b" \t\r\n").startswith(b"{"):
            return Answer(204)  # the real service takes a bare object for granted and keeps nothing of it
        try:
            found = records.array(request.body)
        except records.BadRecord:
            return failure(400, "InvalidPayload", "The input data could not be parsed")
        if array_refusal(request, found):
            return failure(400, "InvalidPayload", "The input data does not match the stream's declaration")
        self.store.keep(request, [(None, text) for _, text in found])
        return Answer(204)

    def login(self, request):
        """Client credentials at login.microsoftonline.com."""
        tenant = LOGIN_PATH.fullmatch(request.path).group(1)
        form = urllib.parse.parse_qs(request.body.decode("latin-1"), keep_blank_values=True)
        if request.headers.get("content-type", "").split(";")[0] != "application/x-www-form-urlencoded" or \
                any(len(values) != 1 for values in form.values()):
            return denied(400, "invalid_request", "AADSTS900144: the body must be a form, each parameter once")
        wrong = self.form_problem(tenant, {name: values[0] for name, values in form.items()})
        if wrong:
            return denied(*wrong)
        life = int(self.args.token_life)
        return Answer(200, json.dumps({"token_type": "Bearer", "expires_in": life, "ext_expires_in": life,
                                       "access_token": self.new_token()}).encode())

    def form_problem(self, tenant, form):
        if self.args.tenant and tenant != self.args.tenant:
            return 400, "invalid_request", f"AADSTS90002: Tenant '{tenant}' not found."
        if form.get("grant_type") != "client_credentials":
            return 400, "unsupported_grant_type", "AADSTS70003: the grant type is not supported."
        if form.get("scope") != SCOPE:
            return 400, "invalid_scope", "AADSTS1002012: the scope is not valid."
        if not form.get("client_id") or self.args.client_id not in (None, form["client_id"]):
            return 400, "unauthorized_client", "AADSTS700016: Application was not found in the directory."
        if not form.get("client_secret") or self.args.client_secret not in (None, form["client_secret"]):
            return 401, "invalid_client", "AADSTS7000215: Invalid client secret provided."
        return None

    def metadata(self, request):
        """Managed identity at 169.254.169.254, which refuses what came by way of a proxy."""
        if request.headers.get("metadata", "").lower() != "true":
            return denied(400, "invalid_request", "Required metadata header not specified")
        if "x-forwarded-for" in request.headers or "via" in request.headers or "://" in request.target.split("?")[0]:
            return denied(400, "invalid_request", "requests by way of a proxy are refused")
        if request.query.get("api-version") != "2018-02-01":
            return denied(400, "invalid_request", "Required query variable 'api-version' is missing or not supported")
        if request.query.get("resource", "").rstrip("/") != RESOURCE:
            return denied(400, "invalid_resource", "AADSTS500011: The resource principal was not found.")
        if self.args.client_id and request.query.get("client_id", self.args.client_id) != self.args.client_id:
            return denied(400, "invalid_request", "Identity not found")
        now, life = int(time.time()), int(self.args.token_life)
        # Numbers are strings here, unlike at the login.
        return Answer(200, json.dumps({"access_token": self.new_token(), "expires_in": str(life),
                                       "expires_on": str(now + life), "not_before": str(now),
                                       "resource": request.query["resource"], "token_type": "Bearer"}).encode())

    def new_token(self):
        # Of a real one's length, which is what a client's buffers have to hold.
        token = secrets.token_urlsafe(1200)
        with self.store.lock:
            self.tokens[token] = time.time() + self.args.token_life
        return token

    def count(self, body):
        return records.estimate(body)

    def success(self, request, count):
        return Answer(204)


def failure(status, code, message):
    answer = Answer(status, json.dumps({"error": {"code": code, "message": message}}).encode())
    answer.headers.append(("x-ms-error-code", code))
    return answer


def denied(status, error, description):
    return Answer(status, json.dumps({"error": error, "error_description": description}).encode())
