"""Every setting of the server, in one table that flags, TASKWEIR_… variables, the config file and the help share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from taskweir import setting_kinds as kinds
from taskweir.domain.app_engine_host import AppEngineHost
from taskweir.domain.app_engine_services import AppEngineServices
from taskweir.domain.drafts import QueueDraft
from taskweir.domain.functions_url import FunctionsUrl
from taskweir.domain.host_names import is_loopback
from taskweir.domain.names import LOCATION_ID, PROJECT_ID, QueueName
from taskweir.domain.queue_bounds import PRODUCTION, RELAXED, QueueBounds
from taskweir.domain.queue_entry import QueueYaml
from taskweir.domain.target_map import TargetMap
from taskweir.domain.target_rules import HostRules
from taskweir.domain.times import Micros
from taskweir.setting_kinds import Kind

NOT_IN_FILE: Final = "config"
"""The one setting that a config file cannot hold: its own path."""
DEFAULT_PROJECT: Final = "local"


class SettingsError(Exception):
    """A setting that cannot be used. The text is one line and says where the setting was given."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table. `default` is written as a user would. The legacy names are those of the best known
    emulator, past and present; its variables are read after TASKWEIR_…"""

    name: str
    kind: Kind
    default: str
    help: str
    legacy_variables: tuple[str, ...] = ()
    legacy_flag: str = ""

    @property
    def flag(self) -> str:
        return f"--{self.name}"

    @property
    def variable(self) -> str:
        return "TASKWEIR_" + self.name.upper().replace("-", "_")

    @property
    def field(self) -> str:
        """The attribute of Settings."""
        return "queues" if self.name == "queue" else self.name.replace("-", "_")


TABLE: Final[Sequence[Setting]] = (
    Setting("host", kinds.HOST, "127.0.0.1", "address to listen on"),
    Setting("port", kinds.PORT, "8123", "gRPC port; 0 picks a free one"),
    Setting("http-port", kinds.PORT, "8124", "port of everything over HTTP; 0 picks a free one"),
    Setting(
        "grpc-transport",
        kinds.choice("taskweir", "grpcio"),
        "taskweir",
        "whose code speaks gRPC: the server's own, or grpcio's, which is slower",
    ),
    Setting("data", kinds.REQUIRED_TEXT, "./taskweir.db", "data file, or :memory:"),
    Setting(
        "queue",
        kinds.NAMES,
        "",
        "queue to have at start: a full name, or an id under --project and --location; repeatable",
        ("INITIAL_QUEUES", "INITIAL_QUEUE"),
        "--initial-queue",
    ),
    Setting("config", kinds.FILE, "", "YAML file with settings and whole queues"),
    Setting(
        "project",
        kinds.matching("PROJECT", PROJECT_ID),
        DEFAULT_PROJECT,
        "project of queues given by id alone and of --queue-yaml",
    ),
    Setting(
        "location",
        kinds.matching("LOCATION", LOCATION_ID),
        "us-central1",
        "location of queues given by id alone, of queue.yaml and of the old taskqueue API",
    ),
    Setting(
        "queue-yaml", kinds.QUEUE_YAML, "", "queue.yaml of an App Engine app, whose queues to have at start"
    ),
    Setting("durability", kinds.choice("full", "normal", "off"), "full", "when a write counts as done"),
    Setting("task-tombstone", kinds.DURATION, "1h", "how long the name of a finished task stays taken"),
    Setting("queue-tombstone", kinds.DURATION, "72h", "how long the name of a deleted queue stays taken"),
    Setting("task-retention", kinds.POSITIVE_DURATION, "31d", "age at which a task is dropped"),
    Setting("history-size", kinds.COUNT, "10000", "attempts, and finished tasks, kept for the control API"),
    Setting("history-retention", kinds.POSITIVE_DURATION, "31d", "how long they are kept"),
    Setting(
        "lease-rate", kinds.COUNT, "10", "LeaseTasks calls a second that each queue takes; 0: any number"
    ),
    Setting(
        "relax-limits",
        kinds.SWITCH,
        "false",
        "let push queues have 100000 dispatches a second, bursts of as many, and 10000 in flight",
    ),
    Setting("drain-timeout", kinds.DURATION, "8s", "how long a stopping server waits for attempts in flight"),
    Setting(
        "control",
        kinds.choice("auto", "on", "off"),
        "auto",
        "control API; auto: on when listening on loopback only",
    ),
    Setting(
        "strict", kinds.SWITCH, "false", "production's rules also where they get in the way of local use"
    ),
    Setting(
        "app-engine-host",
        kinds.APP_ENGINE_HOST,
        "",
        "where App Engine tasks go whose service has no address of its own, such as http://localhost:8080",
        ("APP_ENGINE_EMULATOR_HOST",),
        "--app-engine-emulator-host",
    ),
    Setting(
        "app-engine",
        kinds.APP_ENGINE_SERVICES,
        "",
        "where an App Engine service listens, such as worker=http://127.0.0.1:8081; a version is v2.worker=…, an "
        "instance 0.v2.worker=…; repeatable",
    ),
    Setting(
        "functions-url",
        kinds.FUNCTIONS_URL,
        "",
        "where Firebase functions run, such as http://127.0.0.1:5001: for tasks that come without a URL",
    ),
    Setting(
        "target-map",
        kinds.TARGET_MAP,
        "",
        "other place for the requests of an origin, such as https://api.example.com=http://127.0.0.1:9000 or "
        "https://*.example.com=http://127.0.0.1:9000; repeatable",
    ),
    Setting(
        "allow-target",
        kinds.HOST_RULES,
        "",
        "host, *.domain, address or network that requests may go to; when given, they go nowhere else; repeatable",
    ),
    Setting(
        "deny-target",
        kinds.HOST_RULES,
        "",
        "host, *.domain, address or network that no request goes to; repeatable",
    ),
    Setting(
        "congestion",
        kinds.SWITCH,
        "true",
        "slow a queue down while its targets answer 429 or 503, or mostly fail",
    ),
    Setting("ca-file", kinds.FILE, "", "certificates (PEM) that https targets are checked against"),
    Setting(
        "insecure-targets",
        kinds.SWITCH,
        "false",
        "do not check the certificates of https targets",
        legacy_flag="--insecure-skip-tls-verify",
    ),
    Setting(
        "allow-origin", kinds.ORIGINS, "", "web origin whose pages may call the server, or *; repeatable"
    ),
    Setting(
        "taskqueue-timestamps",
        kinds.choice("micros", "seconds"),
        "micros",
        "unit of the times in the old taskqueue API",
    ),
    Setting(
        "openid-issuer",
        kinds.ISSUER,
        "https://accounts.google.com",
        "issuer of the OIDC tokens sent to targets; its keys are at --http-port",
    ),
    Setting(
        "token-key",
        kinds.FILE,
        "",
        "RSA key (PEM) that OIDC tokens are signed with; else one is kept with the data",
        legacy_flag="--openid-signing-key",
    ),
    Setting(
        "tokens-follow-clock",
        kinds.SWITCH,
        "false",
        "tokens have the times of the server's clock, not real ones",
    ),
    Setting("tls-cert", kinds.FILE, "", "certificate (PEM, with its chain) for both ports"),
    Setting("tls-key", kinds.FILE, "", "its key (PEM)"),
    Setting(
        "auth-token-file", kinds.FILE, "", "bearer tokens, one a line; calls without one of them are refused"
    ),
    Setting(
        "max-connections",
        kinds.COUNT,
        "20000",
        "connections to each port at a time, as far as the limit on open files goes; 0: any number",
    ),
    Setting("idle-timeout", kinds.POSITIVE_DURATION, "1h", "how long a connection may stay without a call"),
    Setting(
        "hard-reset-on-purge-queue",
        kinds.SWITCH,
        "false",
        "a purge also frees the names of the queue's tasks",
    ),
    Setting(
        "log-level", kinds.choice("debug", "info", "warning", "error"), "info", "least level that is logged"
    ),
    Setting("log-format", kinds.choice("text", "json"), "text", "form of the log lines on standard error"),
)


class ConfiguredQueue(NamedTuple):
    """A queue of the config file: its draft, the v2 paths (snake_case) the file names, and its line, from 1."""

    draft: QueueDraft
    mask: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting, read and checked. `queues` are full names, without repeats; durations are in microseconds;
    `allow_origin` has origins as browsers write them, and `*`."""

    host: str
    port: int
    http_port: int
    grpc_transport: Literal["taskweir", "grpcio"]
    data: str
    queues: tuple[str, ...]
    config: str
    project: str
    location: str
    queue_yaml: QueueYaml | None
    durability: Literal["full", "normal", "off"]
    task_tombstone: Micros
    queue_tombstone: Micros
    task_retention: Micros
    history_size: int
    history_retention: Micros
    lease_rate: int
    relax_limits: bool
    drain_timeout: Micros
    control: Literal["auto", "on", "off"]
    strict: bool
    app_engine_host: AppEngineHost
    app_engine: AppEngineServices
    functions_url: FunctionsUrl
    target_map: TargetMap
    allow_target: HostRules
    deny_target: HostRules
    congestion: bool
    ca_file: str
    insecure_targets: bool
    allow_origin: tuple[str, ...]
    taskqueue_timestamps: Literal["micros", "seconds"]
    openid_issuer: str
    token_key: str
    tokens_follow_clock: bool
    tls_cert: str
    tls_key: str
    auth_token_file: str
    max_connections: int
    idle_timeout: Micros
    hard_reset_on_purge_queue: bool
    log_level: Literal["debug", "info", "warning", "error"]
    log_format: Literal["text", "json"]
    queue_config: tuple[ConfiguredQueue, ...] = ()

    @property
    def queue_bounds(self) -> QueueBounds:
        """How high the limits of push queues may be set."""
        return RELAXED if self.relax_limits else PRODUCTION

    @property
    def is_beyond_loopback(self) -> bool:
        """Whether other machines can reach it."""
        return not is_loopback(self.host)

    @property
    def has_control(self) -> bool:
        """Whether the control API is served: by itself only where nobody else than this machine can reach it."""
        return self.control == "on" or (self.control == "auto" and not self.is_beyond_loopback)


class Given(NamedTuple):
    """A setting's text and where it was given: `--port`, `TASKWEIR_PORT` or `FILE:LINE: port`."""

    text: str
    where: str


def from_variables(environ: Mapping[str, str]) -> dict[str, Given]:
    """What environment variables set, by setting name. An empty variable sets nothing."""
    found = {}
    for setting in TABLE:
        for variable in (setting.variable, *setting.legacy_variables):
            text = environ.get(variable, "")
            if text and not _is_service_link(setting, text):
                found[setting.name] = Given(text, variable)
                break
    return found


def _is_service_link(setting: Setting, text: str) -> bool:
    """Kubernetes sets TASKWEIR_PORT=tcp://… in every pod beside a service that is named taskweir."""
    return setting.kind is kinds.PORT and text.startswith("tcp://")


def resolve(*layers: Mapping[str, Given]) -> Settings:
    """Settings from layers, the strongest first, and the table's defaults. Raises SettingsError."""
    values: dict[str, Any] = {}
    queues_given = Given("", "")
    # What a queue.yaml may say is for another setting to tell.
    for setting in sorted(TABLE, key=lambda setting: setting.kind is kinds.QUEUE_YAML):
        given = next((layer[setting.name] for layer in layers if setting.name in layer), None)
        if setting.name == "queue" and given is not None:
            queues_given = given
        is_relaxed = setting.kind is kinds.QUEUE_YAML and values["relax_limits"]
        kind = kinds.RELAXED_QUEUE_YAML if is_relaxed else setting.kind
        values[setting.field] = _read(kind, given or Given(setting.default, setting.flag))
    if values["queue_yaml"] is not None and not any("project" in layer for layer in layers):
        # Where nothing else names the project, the app does that the file says it is of.
        values["project"] = values["queue_yaml"].application or values["project"]
    if bool(values["tls_cert"]) != bool(values["tls_key"]):
        raise SettingsError("--tls-cert and --tls-key are given together, or not at all")
    try:
        names = [full_queue_name(text, values["project"], values["location"]) for text in values["queues"]]
    except ValueError as error:
        raise SettingsError(f"{queues_given.where}: {error}") from None
    values["queues"] = tuple(dict.fromkeys(map(str, names)))
    return Settings(**values)


def given_for(name: str, *layers: Mapping[str, Given]) -> Given:
    """The text of one setting in layers, the strongest first, or its default; what it says is not looked at."""
    (setting,) = (setting for setting in TABLE if setting.name == name)
    return next((layer[name] for layer in layers if name in layer), Given(setting.default, setting.flag))


def read_one(name: str, *layers: Mapping[str, Given]) -> Any:  # noqa: ANN401 - each has its type
    """The value of one setting, whatever the others say. Raises SettingsError."""
    (setting,) = (setting for setting in TABLE if setting.name == name)
    return _read(setting.kind, given_for(name, *layers))


def _read(kind: Kind, given: Given) -> object:
    try:
        return kind.read(given.text)
    except ValueError as error:
        raise SettingsError(f"{given.where}: {error}") from None


def full_queue_name(text: str, project: str, location: str) -> QueueName:
    """A queue's name from its full name or from its id alone. Raises ValueError, which says what was wrong."""
    name = QueueName.parse(text) if "/" in text else QueueName(project, location, text)
    if name is None:
        raise ValueError(
            f"{text!r} is neither a queue id nor projects/PROJECT/locations/LOCATION/queues/QUEUE"
        )
    if not name.has_legal_id:
        raise ValueError(f"queue id {name.id!r} must be 1 to 100 letters, digits and hyphens")
    return name
