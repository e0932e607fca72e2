--- The fields of the Elastic Common Schema (ECS): names and types.
--
-- The names, types and list marks are those of the published list of fields, "generated/csv/fields.csv", of ECS
-- release 8.11.0, with what the later releases 8.16, 9.0, 9.1, 9.2, 9.3, 9.4 and 9.5 added and removed (8.17 changed
-- no field; no other release lies between). Only facts are kept here, no descriptions.
--
-- * `sets`: a set's own fields, as type -> names relative to the set, parted by blanks. "[]" after a name says that
--   ECS wants a list there. What another set brings in is never repeated in a set: each such place is in `reused`.
-- * `roots`: the sets which are at the top of a document under their own name ("base" is there without one).
-- * `reused`: path -> set: where a set's own fields are also, or only. It is not recursive: a set within a reused
--   set has an entry of its own where ECS has it (and none where ECS omits it).
-- * `removed`, `added`, `reused_added`: what a release takes away and brings, in the forms of above but with full
--   paths. Take the releases in order, and within one what is removed first; a path added again has a new type.
-- * `allowed`, `allowed_added`: path -> the only values that ECS allows there. The values of "entity.type" hold
--   wherever the set entity is. `expected_types`: event.category -> the values of event.type expected with it.
--
-- A match_only_text name that ends in ".text" is a multi-field of the name before it: a row of the published list,
-- but never a key of a document. Sets that are not ECS's own, only shared pieces of it: user_short, group_short,
-- process_leader, process_parent, process_previous, process_short, threat_indicator, entity_9_4.

local endpoint = {
  keyword = "address domain mac registered_domain subdomain top_level_domain",
  long = "bytes nat.port packets port",
  ip = "ip nat.ip",
}

return {
  sets = {
    agent = { keyword = "build.original ephemeral_id id name type version" },
    as = { long = "number", keyword = "organization.name", match_only_text = "organization.name.text" },
    base = { date = "@timestamp", object = "labels", match_only_text = "message", keyword = "tags[]" },
    client = endpoint,
    cloud = {
      keyword = [[account.id account.name availability_zone instance.id instance.name machine.type project.id
        project.name provider region service.name]],
    },
    code_signature = {
      keyword = "digest_algorithm signing_id status subject_name team_id",
      boolean = "exists trusted valid",
      date = "timestamp",
    },
    container = {
      keyword = "id image.hash.all[] image.name image.tag[] name runtime",
      long = "disk.read.bytes disk.write.bytes network.egress.bytes network.ingress.bytes",
      scaled_float = "cpu.usage memory.usage",
      boolean = "security_context.privileged",
      object = "labels",
    },
    data_stream = { constant_keyword = "dataset namespace type" },
    destination = endpoint,
    device = { keyword = "id manufacturer model.identifier model.name" },
    dll = { keyword = "name path" },
    dns = {
      keyword = [[answers.class answers.data answers.name answers.type header_flags[] id op_code question.class
        question.name question.registered_domain question.subdomain question.top_level_domain question.type
        response_code type]],
      long = "answers.ttl",
      ip = "resolved_ip[]",
      object = "answers[]",
    },
    ecs = { keyword = "version" },
    elf = {
      keyword = [[architecture byte_order cpu_type go_import_hash header.abi_version header.class header.data
        header.object_version header.os_abi header.type header.version import_hash sections.flags sections.name
        sections.physical_offset sections.type segments.sections segments.type shared_libraries[] telfhash]],
      long = [[go_imports_names_entropy go_imports_names_var_entropy header.entrypoint imports_names_entropy
        imports_names_var_entropy sections.chi2 sections.entropy sections.physical_size sections.var_entropy
        sections.virtual_address sections.virtual_size]],
      date = "creation_date",
      boolean = "go_stripped",
      flattened = "exports[] go_imports imports[]",
      nested = "sections[] segments[]",
    },
    email = {
      keyword = [[attachments.file.extension attachments.file.mime_type attachments.file.name bcc.address[]
        cc.address[] content_type direction from.address[] local_id reply_to.address[] sender.address subject
        to.address[] x_mailer]],
      long = "attachments.file.size",
      date = "delivery_timestamp origination_timestamp",
      wildcard = "message_id",
      nested = "attachments[]",
      match_only_text = "subject.text",
    },
    entity = { -- since 9.2; what 9.4 brought is entity_9_4
      keyword = "display_name id name reference source sub_type type[]",
      date = "last_seen_timestamp",
      object = "attributes behavior lifecycle metrics raw",
      match_only_text = "display_name.text name.text",
    },
    entity_9_4 = {
      keyword = [[attributes.known_redirects[] attributes.oauth_consent_restriction attributes.permissions[]
        attributes.storage_class
        relationships.administers.entity.id[] relationships.administers.host.id[]
        relationships.administers.host.name[] relationships.administers.service.id[]
        relationships.administers.service.name[] relationships.administers.user.domain[]
        relationships.administers.user.email[] relationships.administers.user.id[]
        relationships.administers.user.name[]
        relationships.depends_on.entity.id[] relationships.depends_on.host.id[]
        relationships.depends_on.host.name[] relationships.depends_on.service.id[]
        relationships.depends_on.service.name[] relationships.depends_on.user.domain[]
        relationships.depends_on.user.email[] relationships.depends_on.user.id[]
        relationships.depends_on.user.name[]
        relationships.owns.entity.id[] relationships.owns.host.id[] relationships.owns.host.name[]
        relationships.owns.service.id[] relationships.owns.service.name[] relationships.owns.user.domain[]
        relationships.owns.user.email[] relationships.owns.user.id[] relationships.owns.user.name[]
        relationships.supervises.entity.id[] relationships.supervises.host.id[]
        relationships.supervises.host.name[] relationships.supervises.service.id[]
        relationships.supervises.service.name[] relationships.supervises.user.domain[]
        relationships.supervises.user.email[] relationships.supervises.user.id[]
        relationships.supervises.user.name[] ]],
      boolean = "attributes.managed attributes.mfa_enabled",
      date = "lifecycle.last_activity",
    },
    error = {
      keyword = "code id type",
      wildcard = "stack_trace",
      match_only_text = "message stack_trace.text",
    },
    event = {
      keyword = [[action agent_id_status category[] code dataset hash id kind module original outcome provider reason
        reference timezone type[] url]],
      date = "created end ingested start",
      long = "duration sequence severity",
      float = "risk_score risk_score_norm",
    },
    faas = { keyword = "execution id name trigger.request_id trigger.type version", boolean = "coldstart" },
    file = {
      keyword = [[attributes[] device directory drive_letter extension fork_name gid group inode mime_type mode name
        owner path target_path type uid]],
      date = "accessed created ctime mtime",
      long = "size",
      match_only_text = "path.text target_path.text",
    },
    geo = {
      keyword = [[city_name continent_code continent_name country_iso_code country_name name postal_code
        region_iso_code region_name timezone]],
      geo_point = "location",
    },
    group = { keyword = "domain id name" },
    group_short = { keyword = "id name" },
    hash = { keyword = "md5 sha1 sha256 sha384 sha512 ssdeep tlsh" },
    host = {
      keyword = "architecture boot.id domain hostname id mac[] name pid_ns_ino type",
      long = [[disk.read.bytes disk.write.bytes network.egress.bytes network.egress.packets network.ingress.bytes
        network.ingress.packets uptime]],
      scaled_float = "cpu.usage",
      ip = "ip[]",
    },
    http = {
      keyword = "request.id request.method request.mime_type request.referrer response.mime_type version",
      long = "request.body.bytes request.bytes response.body.bytes response.bytes response.status_code",
      wildcard = "request.body.content response.body.content",
      match_only_text = "request.body.content.text response.body.content.text",
    },
    interface = { keyword = "alias id name" },
    log = {
      keyword = [[file.path level logger origin.file.name origin.function syslog.appname syslog.facility.name
        syslog.hostname syslog.msgid syslog.procid syslog.severity.name syslog.version]],
      long = "origin.file.line syslog.facility.code syslog.priority syslog.severity.code",
      object = "syslog",
      flattened = "syslog.structured_data",
    },
    macho = {
      keyword = "go_import_hash import_hash sections.name symhash",
      long = [[go_imports_names_entropy go_imports_names_var_entropy imports_names_entropy imports_names_var_entropy
        sections.entropy sections.physical_size sections.var_entropy sections.virtual_size]],
      boolean = "go_stripped",
      flattened = "go_imports imports[]",
      nested = "sections[]",
    },
    network = {
      keyword = "application community_id direction iana_number name protocol transport type",
      long = "bytes packets",
      ip = "forwarded_ip",
      object = "inner",
    },
    observer = {
      keyword = "egress.zone hostname ingress.zone mac[] name product serial_number type vendor version",
      ip = "ip[]",
      object = "egress ingress",
    },
    orchestrator = {
      keyword = [[api_version cluster.id cluster.name cluster.url cluster.version namespace organization
        resource.annotation[] resource.id resource.label[] resource.name resource.parent.type resource.type type]],
      ip = "resource.ip[]",
    },
    organization = { keyword = "id name", match_only_text = "name.text" },
    os = { keyword = "family full kernel name platform type version", match_only_text = "full.text name.text" },
    package = {
      keyword = [[architecture build_version checksum description install_scope license name path reference type
        version]],
      date = "installed",
      long = "size",
    },
    pe = {
      keyword = [[architecture company description file_version go_import_hash imphash import_hash
        original_file_name pehash product sections.name]],
      long = [[go_imports_names_entropy go_imports_names_var_entropy imports_names_entropy imports_names_var_entropy
        sections.entropy sections.physical_size sections.var_entropy sections.virtual_size]],
      boolean = "go_stripped",
      flattened = "go_imports imports[]",
      nested = "sections[]",
    },
    process = {
      keyword = [[args[] entity_id entry_leader.attested_groups.name entry_leader.entry_meta.type env_vars[]
        executable io.type name thread.capabilities.effective[] thread.capabilities.permitted[] thread.name title
        working_directory]],
      long = [[args_count exit_code io.bytes_skipped.length io.bytes_skipped.offset io.total_bytes_captured
        io.total_bytes_skipped pgid pid thread.id tty.char_device.major tty.char_device.minor tty.columns tty.rows
        uptime vpid]],
      ip = "entry_leader.entry_meta.source.ip",
      date = "end start",
      boolean = "interactive io.max_bytes_per_process_exceeded",
      wildcard = "command_line io.text",
      object = "io io.bytes_skipped[] tty",
      match_only_text = "command_line.text executable.text name.text title.text working_directory.text",
    },
    process_leader = {
      keyword = "args[] entity_id executable name working_directory",
      long = "args_count pid tty.char_device.major tty.char_device.minor vpid",
      date = "start",
      boolean = "interactive same_as_process",
      wildcard = "command_line",
      object = "tty",
      match_only_text = "command_line.text executable.text name.text working_directory.text",
    },
    process_parent = {
      keyword = [[args[] entity_id executable name thread.capabilities.effective[] thread.capabilities.permitted[]
        thread.name title working_directory]],
      long = [[args_count exit_code pgid pid thread.id tty.char_device.major tty.char_device.minor uptime vpid]],
      date = "end start",
      boolean = "interactive",
      wildcard = "command_line",
      object = "tty",
      match_only_text = "command_line.text executable.text name.text title.text working_directory.text",
    },
    process_previous = { keyword = "args[] executable", long = "args_count", match_only_text = "executable.text" },
    process_short = { keyword = "entity_id", long = "pid vpid", date = "start" },
    registry = { keyword = "data.bytes data.type hive key path value", wildcard = "data.strings[]" },
    related = { keyword = "hash[] hosts[] user[]", ip = "ip[]" },
    risk = {
      keyword = "calculated_level static_level",
      float = "calculated_score calculated_score_norm static_score static_score_norm",
    },
    rule = { keyword = "author[] category description id license name reference ruleset uuid version" },
    server = endpoint,
    service = {
      keyword = "address environment ephemeral_id id name node.name node.role node.roles[] state type version",
    },
    source = endpoint,
    span = { keyword = "id" },
    threat = {
      keyword = [[enrichments.matched.atomic enrichments.matched.field enrichments.matched.id
        enrichments.matched.index enrichments.matched.type feed.dashboard_id feed.description feed.name
        feed.reference framework group.alias[] group.id group.name group.reference software.alias[] software.id
        software.name software.platforms[] software.reference software.type tactic.id[] tactic.name[]
        tactic.reference[] technique.id[] technique.name[] technique.reference[] technique.subtechnique.id[]
        technique.subtechnique.name[] technique.subtechnique.reference[] ]],
      date = "enrichments.matched.occurred",
      object = "enrichments.indicator",
      nested = "enrichments[]",
      match_only_text = "technique.name.text technique.subtechnique.name.text",
    },
    threat_indicator = {
      keyword = [[confidence description email.address marking.tlp marking.tlp_version name provider reference
        type]],
      long = "port scanner_stats sightings",
      date = "first_seen last_seen modified_at",
      ip = "ip",
    },
    tls = {
      keyword = [[cipher client.certificate client.certificate_chain[] client.hash.md5 client.hash.sha1
        client.hash.sha256 client.issuer client.ja3 client.server_name client.subject client.supported_ciphers[]
        curve next_protocol server.certificate server.certificate_chain[] server.hash.md5 server.hash.sha1
        server.hash.sha256 server.issuer server.ja3s server.subject version version_protocol]],
      date = "client.not_after client.not_before server.not_after server.not_before",
      boolean = "established resumed",
    },
    trace = { keyword = "id" },
    transaction = { keyword = "id" },
    url = {
      keyword = [[domain extension fragment password query registered_domain scheme subdomain top_level_domain
        username]],
      long = "port",
      wildcard = "full original path",
      match_only_text = "full.text original.text",
    },
    user = {
      keyword = "domain email full_name hash id name roles[]",
      match_only_text = "full_name.text name.text",
    },
    user_agent = { keyword = "device.name name original version", match_only_text = "original.text" },
    user_short = { keyword = "id name", match_only_text = "name.text" },
    vlan = { keyword = "id name" },
    vulnerability = {
      keyword = [[category[] classification description enumeration id reference report_id scanner.vendor
        score.version severity]],
      float = "score.base score.environmental score.temporal",
      match_only_text = "description.text",
    },
    x509 = {
      keyword = [[alternative_names[] issuer.common_name[] issuer.country[] issuer.distinguished_name
        issuer.locality[] issuer.organization[] issuer.organizational_unit[] issuer.state_or_province[]
        public_key_algorithm public_key_curve serial_number signature_algorithm subject.common_name[]
        subject.country[] subject.distinguished_name subject.locality[] subject.organization[]
        subject.organizational_unit[] subject.state_or_province[] version_number]],
      date = "not_after not_before",
      long = "public_key_exponent public_key_size",
    },
  },

  roots = [[base agent client cloud container data_stream destination device dll dns ecs email error event faas file
    group host http log network observer orchestrator organization package process registry related rule server
    service source span threat tls trace transaction url user user_agent vulnerability]],

  reused = {
    ["client.as"] = "as", ["client.geo"] = "geo", ["client.user"] = "user", ["client.user.group"] = "group",
    ["cloud.origin"] = "cloud", ["cloud.target"] = "cloud",
    ["destination.as"] = "as", ["destination.geo"] = "geo", ["destination.user"] = "user",
    ["destination.user.group"] = "group",
    ["dll.code_signature"] = "code_signature", ["dll.hash"] = "hash", ["dll.pe"] = "pe",
    ["email.attachments.file.hash"] = "hash",
    ["file.code_signature"] = "code_signature", ["file.elf"] = "elf", ["file.hash"] = "hash",
    ["file.macho"] = "macho", ["file.pe"] = "pe", ["file.x509"] = "x509",
    ["host.geo"] = "geo", ["host.os"] = "os", ["host.risk"] = "risk",
    ["network.inner.vlan"] = "vlan", ["network.vlan"] = "vlan",
    ["observer.egress.interface"] = "interface", ["observer.egress.vlan"] = "vlan", ["observer.geo"] = "geo",
    ["observer.ingress.interface"] = "interface", ["observer.ingress.vlan"] = "vlan", ["observer.os"] = "os",
    ["process.code_signature"] = "code_signature", ["process.elf"] = "elf", ["process.hash"] = "hash",
    ["process.macho"] = "macho", ["process.pe"] = "pe", ["process.previous"] = "process_previous",
    ["process.real_group"] = "group_short", ["process.real_user"] = "user_short",
    ["process.saved_group"] = "group_short", ["process.saved_user"] = "user_short",
    ["process.supplemental_groups"] = "group_short", ["process.user"] = "user_short",
    ["process.entry_leader"] = "process_leader",
    ["process.entry_leader.attested_user"] = "user_short",
    ["process.entry_leader.group"] = "group_short",
    ["process.entry_leader.parent"] = "process_short",
    ["process.entry_leader.parent.session_leader"] = "process_short",
    ["process.entry_leader.real_group"] = "group_short", ["process.entry_leader.real_user"] = "user_short",
    ["process.entry_leader.saved_group"] = "group_short", ["process.entry_leader.saved_user"] = "user_short",
    ["process.entry_leader.supplemental_groups"] = "group_short", ["process.entry_leader.user"] = "user_short",
    ["process.group_leader"] = "process_leader",
    ["process.group_leader.group"] = "group_short",
    ["process.group_leader.real_group"] = "group_short", ["process.group_leader.real_user"] = "user_short",
    ["process.group_leader.saved_group"] = "group_short", ["process.group_leader.saved_user"] = "user_short",
    ["process.group_leader.supplemental_groups"] = "group_short", ["process.group_leader.user"] = "user_short",
    ["process.parent"] = "process_parent",
    ["process.parent.code_signature"] = "code_signature", ["process.parent.elf"] = "elf",
    ["process.parent.group"] = "group_short", ["process.parent.group_leader"] = "process_short",
    ["process.parent.hash"] = "hash", ["process.parent.macho"] = "macho", ["process.parent.pe"] = "pe",
    ["process.parent.real_group"] = "group_short", ["process.parent.real_user"] = "user_short",
    ["process.parent.saved_group"] = "group_short", ["process.parent.saved_user"] = "user_short",
    ["process.parent.supplemental_groups"] = "group_short", ["process.parent.user"] = "user_short",
    ["process.session_leader"] = "process_leader",
    ["process.session_leader.group"] = "group_short",
    ["process.session_leader.parent"] = "process_short",
    ["process.session_leader.parent.session_leader"] = "process_short",
    ["process.session_leader.real_group"] = "group_short", ["process.session_leader.real_user"] = "user_short",
    ["process.session_leader.saved_group"] = "group_short", ["process.session_leader.saved_user"] = "user_short",
    ["process.session_leader.supplemental_groups"] = "group_short", ["process.session_leader.user"] = "user_short",
    ["server.as"] = "as", ["server.geo"] = "geo", ["server.user"] = "user", ["server.user.group"] = "group",
    ["service.origin"] = "service", ["service.target"] = "service",
    ["source.as"] = "as", ["source.geo"] = "geo", ["source.user"] = "user", ["source.user.group"] = "group",
    ["threat.enrichments.indicator"] = "threat_indicator",
    ["threat.enrichments.indicator.as"] = "as", ["threat.enrichments.indicator.file"] = "file",
    ["threat.enrichments.indicator.file.code_signature"] = "code_signature",
    ["threat.enrichments.indicator.file.elf"] = "elf", ["threat.enrichments.indicator.file.hash"] = "hash",
    ["threat.enrichments.indicator.file.pe"] = "pe", ["threat.enrichments.indicator.file.x509"] = "x509",
    ["threat.enrichments.indicator.geo"] = "geo", ["threat.enrichments.indicator.registry"] = "registry",
    ["threat.enrichments.indicator.url"] = "url", ["threat.enrichments.indicator.x509"] = "x509",
    ["threat.indicator"] = "threat_indicator",
    ["threat.indicator.as"] = "as", ["threat.indicator.file"] = "file",
    ["threat.indicator.file.code_signature"] = "code_signature",
    ["threat.indicator.file.elf"] = "elf", ["threat.indicator.file.hash"] = "hash",
    ["threat.indicator.file.pe"] = "pe", ["threat.indicator.file.x509"] = "x509",
    ["threat.indicator.geo"] = "geo", ["threat.indicator.registry"] = "registry",
    ["threat.indicator.url"] = "url", ["threat.indicator.x509"] = "x509",
    ["tls.client.x509"] = "x509", ["tls.server.x509"] = "x509",
    ["user.changes"] = "user", ["user.changes.group"] = "group",
    ["user.effective"] = "user", ["user.effective.group"] = "group",
    ["user.group"] = "group", ["user.risk"] = "risk",
    ["user.target"] = "user", ["user.target.group"] = "group",
    ["user_agent.os"] = "os",
  },

  removed = {
    ["9.0"] = "process.parent.pgid process.pgid",
    ["9.4"] = [[cloud.entity.attributes cloud.entity.lifecycle cloud.origin.entity.attributes
      cloud.origin.entity.lifecycle cloud.target.entity.attributes cloud.target.entity.lifecycle entity.attributes
      entity.lifecycle entity.target.attributes entity.target.lifecycle host.entity.attributes host.entity.lifecycle
      host.target.entity.attributes host.target.entity.lifecycle orchestrator.entity.attributes
      orchestrator.entity.lifecycle service.entity.attributes service.entity.lifecycle
      service.origin.entity.attributes service.origin.entity.lifecycle service.target.entity.attributes
      service.target.entity.lifecycle user.changes.entity.attributes user.changes.entity.lifecycle
      user.effective.entity.attributes user.effective.entity.lifecycle user.entity.attributes
      user.entity.lifecycle user.target.entity.attributes user.target.entity.lifecycle]],
    ["9.5"] = "gen_ai.system",
  },

  added = {
    ["8.16"] = {
      keyword = [[device.serial_number dll.code_signature.flags dll.hash.cdhash email.attachments.file.hash.cdhash
        file.code_signature.flags file.hash.cdhash process.code_signature.flags process.group.id process.group.name
        process.hash.cdhash process.parent.code_signature.flags process.parent.hash.cdhash
        threat.enrichments.indicator.file.code_signature.flags threat.enrichments.indicator.file.hash.cdhash
        threat.indicator.file.code_signature.flags threat.indicator.file.hash.cdhash threat.indicator.id[]
        volume.bus_type volume.default_access volume.device_name volume.device_type volume.dos_name
        volume.file_system_type volume.mount_name volume.nt_name volume.product_id volume.product_name
        volume.serial_number volume.vendor_id volume.vendor_name]],
      boolean = "volume.removable volume.writable",
      long = "volume.size",
    },
    ["9.0"] = {
      keyword = [[dll.origin_referrer_url dll.origin_url file.origin_referrer_url file.origin_url
        threat.enrichments.indicator.file.origin_referrer_url threat.enrichments.indicator.file.origin_url
        threat.indicator.file.origin_referrer_url threat.indicator.file.origin_url]],
    },
    ["9.1"] = {
      keyword = [[dll.code_signature.thumbprint_sha256 file.code_signature.thumbprint_sha256 gen_ai.agent.description
        gen_ai.agent.id gen_ai.agent.name gen_ai.operation.name gen_ai.output.type gen_ai.request.model
        gen_ai.response.id gen_ai.response.model gen_ai.system gen_ai.token.type gen_ai.tool.call.id
        gen_ai.tool.name gen_ai.tool.type process.code_signature.thumbprint_sha256
        process.parent.code_signature.thumbprint_sha256
        threat.enrichments.indicator.file.code_signature.thumbprint_sha256
        threat.indicator.file.code_signature.thumbprint_sha256]],
      integer = [[gen_ai.request.choice.count gen_ai.request.max_tokens gen_ai.request.seed
        gen_ai.usage.input_tokens gen_ai.usage.output_tokens]],
      double = [[gen_ai.request.frequency_penalty gen_ai.request.presence_penalty gen_ai.request.temperature
        gen_ai.request.top_k gen_ai.request.top_p]],
      nested = "gen_ai.request.encoding_formats gen_ai.request.stop_sequences gen_ai.response.finish_reasons",
    },
    ["9.2"] = { keyword = "device.product.id device.product.name device.type device.vendor.id device.vendor.name" },
    ["9.5"] = {
      keyword = "gen_ai.provider.name host.tags[] host.target.tags[] vulnerability.status",
      long = [[gen_ai.request.choice.count gen_ai.request.max_tokens gen_ai.request.seed gen_ai.usage.input_tokens
        gen_ai.usage.output_tokens]],
      flattened = [[gen_ai.input.messages gen_ai.output.messages gen_ai.system_instructions
        gen_ai.tool.call.arguments gen_ai.tool.call.result gen_ai.tool.definitions]],
    },
  },

  reused_added = {
    ["9.2"] = {
      ["cloud.entity"] = "entity", ["cloud.origin.entity"] = "entity", ["cloud.target.entity"] = "entity",
      ["host.entity"] = "entity", ["orchestrator.entity"] = "entity",
      ["service.entity"] = "entity", ["service.origin.entity"] = "entity", ["service.target.entity"] = "entity",
      ["user.changes.entity"] = "entity", ["user.effective.entity"] = "entity", ["user.entity"] = "entity",
      ["user.target.entity"] = "entity",
      ["user.changes.risk"] = "risk", ["user.effective.risk"] = "risk", ["user.target.risk"] = "risk",
    },
    ["9.3"] = {
      ["entity"] = "entity", ["entity.target"] = "entity",
      ["host.target"] = "host", ["host.target.entity"] = "entity", ["host.target.geo"] = "geo",
      ["host.target.os"] = "os", ["host.target.risk"] = "risk",
    },
    ["9.4"] = {
      ["cloud.entity"] = "entity_9_4", ["cloud.origin.entity"] = "entity_9_4",
      ["cloud.target.entity"] = "entity_9_4", ["entity"] = "entity_9_4", ["entity.target"] = "entity_9_4",
      ["host.entity"] = "entity_9_4", ["host.target.entity"] = "entity_9_4",
      ["orchestrator.entity"] = "entity_9_4", ["service.entity"] = "entity_9_4",
      ["service.origin.entity"] = "entity_9_4", ["service.target.entity"] = "entity_9_4",
      ["user.changes.entity"] = "entity_9_4", ["user.effective.entity"] = "entity_9_4",
      ["user.entity"] = "entity_9_4", ["user.target.entity"] = "entity_9_4",
    },
  },

  allowed = {
    ["event.kind"] = "alert asset enrichment event metric state pipeline_error signal",
    ["event.category"] = [[api authentication configuration database driver email file host iam intrusion_detection
      library malware network package process registry session threat vulnerability web]],
    ["event.type"] = [[access admin allowed change connection creation deletion denied end error group indicator info
      installation protocol start user]],
    ["event.outcome"] = "failure success unknown",
  },

  allowed_added = {
    ["9.2"] = {
      ["event.type"] = "device",
      ["entity.type"] = "application bucket container database function host queue service session user",
    },
    ["9.3"] = { ["entity.type"] = "cloud orchestrator" },
    ["9.5"] = { ["vulnerability.status"] = "fixed open reopened unknown" },
  },

  expected_types = {
    api = "access admin allowed change creation deletion denied end info start user",
    authentication = "end info start",
    configuration = "access change creation deletion info",
    database = "access change error info",
    driver = "change end info start",
    email = "info",
    file = "access change creation deletion info",
    host = "access change end info start",
    iam = "admin change creation deletion group info user",
    intrusion_detection = "allowed denied info",
    library = "start",
    malware = "info",
    network = "access allowed connection denied end info protocol start",
    package = "access change deletion info installation start",
    process = "access change end info start",
    registry = "access change creation deletion",
    session = "end info start",
    threat = "indicator",
    vulnerability = "info",
    web = "access error info",
  },
}
