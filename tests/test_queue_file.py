"""queue.yaml: its grammar, and how its mistakes are named."""

from pathlib import Path
from textwrap import dedent

import pytest

from taskweir.domain.errors import InvalidArgument
from taskweir.domain.model import Acl, AppEngineRouting, QueueType
from taskweir.domain.queue_bounds import RELAXED
from taskweir.domain.queue_entry import QueueEntry, QueueYaml, RetryParameters
from taskweir.domain.times import DAY, HOUR, MILLISECOND, MINUTE, SECOND
from taskweir.queue_file import read_queue_file, read_queue_yaml


def read(text: str | bytes) -> QueueYaml:
    return read_queue_yaml(dedent(text).encode() if isinstance(text, str) else text)


def entry(fields: str) -> QueueEntry:
    """Of a queue `q` with these fields, in YAML's one-line form."""
    return read(f"queue: [{{name: q, {fields}}}]").entries[0]


def refused(text: str | bytes) -> str:
    with pytest.raises(InvalidArgument) as raised:
        read(text)
    return raised.value.message


def test_a_whole_file_is_read() -> None:
    """Every key there is."""
    file = read(
        """
        application: s~shop
        total_storage_limit: 1.5G
        queue:
        - name: mail
          mode: push
          rate: 10/m
          bucket_size: 20
          max_concurrent_requests: 3
          target: v1.worker
          retry_parameters:
            task_retry_limit: 7
            task_age_limit: 2d
            min_backoff_seconds: 0.5
            max_backoff_seconds: 200
            max_doublings: 0
        - name: work
          mode: pull
          retry_parameters: {task_retry_limit: 3}
          acl:
          - user_email: a@example.com
          - writer_email: b@example.com
          - user_email: c@example.com
            writer_email: d@example.com
        """
    )
    mail = QueueEntry(
        name="mail",
        line=5,
        rate=10 / 60,
        bucket_size=20,
        max_concurrent_requests=3,
        target=AppEngineRouting("worker", "v1"),
        retry_parameters=RetryParameters(7, 2 * DAY, 500 * MILLISECOND, 200 * SECOND, 0),
    )
    work = QueueEntry(
        name="work",
        line=17,
        mode=QueueType.PULL,
        retry_parameters=RetryParameters(3),
        acl=Acl(("a@example.com", "c@example.com"), ("b@example.com", "d@example.com")),
    )
    assert file == QueueYaml("queue.yaml", (mail, work), "shop")


@pytest.mark.parametrize("text", ["queue:\n", "queue: []\n", "queue: ~\n"])
def test_a_file_may_list_no_queue_if_it_says_so(text: str) -> None:
    """Which disables them all."""
    assert read(text).entries == ()


def test_what_is_null_is_not_given() -> None:
    """As where all that a key held is commented out."""
    fields = "mode:, rate: ~, bucket_size:, target:, acl:, max_concurrent_requests:, retry_parameters:"
    assert entry(fields) == QueueEntry("q", 1)
    assert entry("retry_parameters: {max_doublings:, task_age_limit: null}") == QueueEntry("q", 1)
    assert read("application:\ntotal_storage_limit:\nqueue: []").application == ""


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("5/s", 5.0),
        ("0.5/s", 0.5),
        ("1./s", 1.0),
        ("10/m", 10 / 60),
        ("1/h", 1 / 3_600),
        ("1/d", 1 / 86_400),
        ("500/s", 500.0),
        ("30000/m", 500.0),
        ("0", 0.0),
        ("0/s", 0.0),
        ('"7/s"', 7.0),
    ],
)
def test_a_rate_is_a_number_for_a_unit_of_time(text: str, rate: float) -> None:
    """A second, exactly."""
    assert entry(f"rate: {text}").rate == rate


@pytest.mark.parametrize(
    "rate", ["5", "5 / s", "5/w", "-1/s", "1e3/s", "/s", "five/s", "1/S", "9" * 5_000 + "/s"]
)
def test_other_rates_are_refused_in_the_sdks_words(rate: str) -> None:
    """A rate without a unit too, unless it is 0."""
    shown = rate if len(rate) < 1_000 else rate[:1_000] + "…"
    assert refused(f"queue: [{{name: q, rate: {rate}}}]") == f'queue.yaml:1: Rate "{shown}" is invalid.'


@pytest.mark.parametrize(
    ("text", "routing"),
    [
        ("worker", AppEngineRouting("worker")),
        ("v1.worker", AppEngineRouting("worker", "v1")),
        ("worker:v1", AppEngineRouting("worker", "v1")),
    ],
)
def test_a_target_is_a_service_a_version_or_both(text: str, routing: AppEngineRouting) -> None:
    """In App Engine's two spellings."""
    assert entry(f'target: "{text}"').target == routing


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("1s", SECOND),
        ("1.5m", 90 * SECOND),
        ("2h", 2 * HOUR),
        ("2d", 2 * DAY),
        ("1.9s", SECOND),
        ("0.1s", SECOND),
    ],
)
def test_an_age_is_cut_to_seconds_and_never_to_none(text: str, age: int) -> None:
    """No second would be no limit."""
    assert entry(f"retry_parameters: {{task_age_limit: {text}}}").retry_parameters.task_age_limit == age


@pytest.mark.parametrize(
    ("text", "backoff"), [("0", 0), (".5", SECOND // 2), ("60", MINUTE), ("0.000001", 1)]
)
def test_a_backoff_is_in_seconds(text: str, backoff: int) -> None:
    """Down to microseconds."""
    assert (
        entry(f"retry_parameters: {{min_backoff_seconds: {text}}}").retry_parameters.min_backoff_seconds
        == backoff
    )


def test_a_storage_limit_has_a_unit_or_none() -> None:
    """It is checked, and that is all."""
    for limit in ("100", "1.5B", "2K", "3M", "4G", "5T"):
        assert read(f"total_storage_limit: {limit}\nqueue: []").entries == ()


Q = "queue: [{name: q, %s}]"
ONE_RETRY = Q % "retry_parameters: {%s}"
MISTAKES = [
    # the file
    ("", "queue.yaml: Empty queue configuration."),
    ("# nothing\n", "queue.yaml: Empty queue configuration."),
    ("~", "queue.yaml: Empty queue configuration."),
    ("application: shop\n", "queue.yaml:1: Empty queue configuration."),
    ("queue: []\n\nqueue: []\n", "queue.yaml:3: Multiple queue: sections in configuration."),
    ("queue: []\n---\nqueue: []\n", "queue.yaml:2: is not YAML: but found another document"),
    ("queue: [\n", "queue.yaml:2: is not YAML: expected the node content, but found '<stream end>'"),
    ("- name: q\n", "queue.yaml:1: a queue.yaml must be a mapping"),
    ("queue: {name: q}\n", "queue.yaml:1: queue must be a list"),
    ("queue: []\nqueues: []\n", "queue.yaml:2: unknown key 'queues' in a queue.yaml"),
    ("queue: []\napplication: a/b\n", "queue.yaml:2: application 'a/b' is no project id"),
    (
        "queue: []\ntotal_storage_limit: 1X\n",
        "queue.yaml:2: total_storage_limit must be a number with B, K, M, G or T, not '1X'",
    ),
    (b"queue: \xff", "queue.yaml: is not UTF-8: invalid start byte at byte 7"),
    # an entry
    ("queue:\n- q\n", "queue.yaml:2: a queue must be a mapping"),
    ("queue:\n- rate: 1/s\n", "queue.yaml:2: a queue needs a name"),
    ("queue:\n- name:\n", "queue.yaml:2: a queue needs a name"),
    ("queue:\n- name: [q]\n", "queue.yaml:2: name must have a single value"),
    ("queue:\n- name: a_b\n", "queue.yaml:2: queue name 'a_b' must be 1 to 100 letters, digits and hyphens"),
    ("queue:\n- name: q\n  rat: 1/s\n", "queue.yaml:3: unknown key 'rat' in a queue"),
    ("queue:\n- name: q\n  rate: 1/s\n  rate: 2/s\n", "queue.yaml:4: 'rate' is given twice"),
    ("queue:\n- name: q\n- name: q\n", "queue.yaml:3: queue q is given twice, first in line 2"),
    (Q % "mode: poll", "queue.yaml:1: mode must be push or pull, not 'poll'"),
    (Q % "rate: 501/s", "queue.yaml:1: rate must be at most 500/s, not '501/s'"),
    (Q % "bucket_size: 0", "queue.yaml:1: bucket_size must be a whole number from 1 to 500, not '0'"),
    (Q % "bucket_size: 501", "queue.yaml:1: bucket_size must be a whole number from 1 to 500, not '501'"),
    (Q % "bucket_size: 1.5", "queue.yaml:1: bucket_size must be a whole number from 1 to 500, not '1.5'"),
    (
        Q % "max_concurrent_requests: 5001",
        "queue.yaml:1: max_concurrent_requests must be a whole number from 1 to 5000, not '5001'",
    ),
    (
        Q % "target: a.b.c",
        "queue.yaml:1: target must be SERVICE, VERSION.SERVICE or SERVICE:VERSION, not 'a.b.c'",
    ),
    (
        Q % 'target: "a b"',
        "queue.yaml:1: target must be SERVICE, VERSION.SERVICE or SERVICE:VERSION, not 'a b'",
    ),
    *(
        (
            f"queue:\n- name: q\n  mode: pull\n  {key}: {value}\n",
            f"queue.yaml:4: {key} is for push queues only",
        )
        for key, value in (("rate", "1/s"), ("bucket_size", "5"), ("target", "worker"))
    ),
    # retry_parameters
    (Q % "retry_parameters: 3", "queue.yaml:1: retry_parameters must be a mapping"),
    (ONE_RETRY % "retries: 3", "queue.yaml:1: unknown key 'retries' in retry_parameters"),
    (ONE_RETRY % "task_retry_limit: -1", "queue.yaml:1: Task retry limit must not be less than zero."),
    (
        ONE_RETRY % "task_retry_limit: 2147483647",
        "queue.yaml:1: task_retry_limit must be a whole number from 0 to 2147483646, not '2147483647'",
    ),
    (ONE_RETRY % "task_age_limit: 0s", "queue.yaml:1: Task age limit must be greater than zero."),
    (ONE_RETRY % "task_age_limit: -1d", "queue.yaml:1: Task age limit must be greater than zero."),
    (
        ONE_RETRY % "task_age_limit: 5",
        "queue.yaml:1: task_age_limit must be a number with s, m, h or d, not '5'",
    ),
    (ONE_RETRY % "task_age_limit: 9999999d", "queue.yaml:1: task_age_limit must be at most 3652500d"),
    (
        ONE_RETRY % "min_backoff_seconds: -1",
        "queue.yaml:1: min_backoff_seconds must be a number of seconds from 0 to 315576000000, not '-1'",
    ),
    (
        ONE_RETRY % "max_backoff_seconds: 1h",
        "queue.yaml:1: max_backoff_seconds must be a number of seconds from 0 to 315576000000, not '1h'",
    ),
    (
        "queue:\n- name: q\n  retry_parameters:\n    max_backoff_seconds: 1\n    min_backoff_seconds: 2\n",
        "queue.yaml:5: Min backoff sec must not be greater than than max backoff sec.",
    ),
    (
        ONE_RETRY % "max_doublings: -1",
        "queue.yaml:1: max_doublings must be a whole number from 0 to 2147483646, not '-1'",
    ),
    # acl
    (Q % "acl: {user_email: a@b}", "queue.yaml:1: acl must be a list"),
    (Q % "acl: [a@b]", "queue.yaml:1: an item of acl must be a mapping"),
    (Q % "acl: [{email: a@b}]", "queue.yaml:1: unknown key 'email' in an item of acl"),
    (Q % "acl: [{}]", "queue.yaml:1: an item of acl needs a user_email or a writer_email"),
    (Q % "acl: [{user_email: someone}]", "queue.yaml:1: 'someone' is no email address"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_a_mistake_is_named_with_its_line(text: str | bytes, message: str) -> None:
    """Whatever it is."""
    assert refused(text) == message


@pytest.mark.parametrize(
    "text",
    [
        "<queue-entries><queue><name>q</name></queue></queue-entries>",
        "\n  <?xml version='1.0'?><queue-entries/>",
        b"\xef\xbb\xbf<queue-entries/>",
    ],
)
def test_queue_xml_is_refused_by_what_it_is(text: str | bytes) -> None:
    """Whatever it is called; and what to do instead is said."""
    assert refused(text) == "queue.yaml: is XML: queue.xml is not supported, write the same as queue.yaml"


def test_a_hundred_queues_are_the_most() -> None:
    """The next one is refused, in its line."""
    text = "queue:\n" + "".join(f"- name: q{n}\n" for n in range(101))
    assert refused(text) == "queue.yaml:102: there can be at most 100 queues in a queue.yaml"
    assert len(read(text.removesuffix("- name: q100\n")).entries) == 100


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &a [x, x]\nqueue: [*a, *a]\n", "queue.yaml:2: is not YAML: aliases are not supported"),
        ("queue: " + "[" * 100_000, "queue.yaml: is nested too deeply"),
        ("queue: []\n" + "#" * (128 << 10), "queue.yaml: is larger than 128 KiB"),
        ("queue: [!!python/object:os.system {name: q}, 1]", "queue.yaml:1: a queue must be a mapping"),
    ],
)
def test_a_file_meant_to_harm_is_refused(text: str, message: str) -> None:
    """Before it is anything in memory but its own text."""
    assert refused(text) == message


def test_relaxed_bounds_are_wider_and_named() -> None:
    """A rate is a second's, whatever its unit."""
    text = Q % "rate: 6000000/m, bucket_size: 100000, max_concurrent_requests: 10000"
    (entry,) = read_queue_yaml(text.encode(), bounds=RELAXED).entries
    assert (entry.rate, entry.bucket_size, entry.max_concurrent_requests) == (100_000.0, 100_000, 10_000)
    with pytest.raises(InvalidArgument) as raised:
        read_queue_yaml((Q % "rate: 100001/s").encode(), bounds=RELAXED)
    assert raised.value.message == "queue.yaml:1: rate must be at most 100000/s, not '100001/s'"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """By its path, as its mistakes are."""
    with pytest.raises(InvalidArgument) as raised:
        read_queue_file(str(tmp_path))
    assert raised.value.message == f"{tmp_path}: cannot be read: Is a directory"
    path = tmp_path / "q.yaml"
    path.write_text("queue:\n- nam: q\n")
    with pytest.raises(InvalidArgument) as raised:
        read_queue_file(str(path))
    assert raised.value.message == f"{path}:2: unknown key 'nam' in a queue"
