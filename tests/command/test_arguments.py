"""The command line."""

import pytest

from taskweir.command.arguments import read_arguments
from taskweir.command.usage import help_text
from taskweir.settings import TABLE, SettingsError


def texts(*argv: str) -> dict[str, str]:
    """What flags set, by setting name."""
    return {name: given.text for name, given in read_arguments(argv).given.items()}


@pytest.mark.parametrize(
    ("argv", "command"),
    [
        ((), "serve"),
        (("--port", "1"), "serve"),
        (("serve",), "serve"),
        (("env",), "env"),
        (("health",), "health"),
        (("exec", "--", "x"), "exec"),
    ],
)
def test_the_first_word_is_the_command(argv: tuple[str, ...], command: str) -> None:
    """Without one it is serve."""
    assert read_arguments(argv).command == command


@pytest.mark.parametrize(
    ("argv", "found"),
    [
        (("-host", "x", "-port=9"), {"host": "x", "port": "9"}),
        (("--host=x", "--port", "9"), {"host": "x", "port": "9"}),
        (("-queue", "a", "--queue=b", "-queue", "c,d"), {"queue": "a,b,c,d"}),
        (("-hard-reset-on-purge-queue", "-port", "1"), {"hard-reset-on-purge-queue": "true", "port": "1"}),
        (("-hard-reset-on-purge-queue=false",), {"hard-reset-on-purge-queue": "false"}),
        (("-openid-issuer", "http://localhost:8980"), {"openid-issuer": "http://localhost:8980"}),
        (("-initial-queue", "a", "-queue=b"), {"queue": "a,b"}),
        (
            ("-insecure-skip-tls-verify", "-openid-signing-key", "k"),
            {"insecure-targets": "true", "token-key": "k"},
        ),
        (("-app-engine-emulator-host=http://a:1",), {"app-engine-host": "http://a:1"}),
        (("--port", "1", "--port", "2"), {"port": "2"}),
        (("--data=a=b",), {"data": "a=b"}),
    ],
)
def test_flags_are_read_as_go_programs_read_them(argv: tuple[str, ...], found: dict[str, str]) -> None:
    """One dash or two, `=` or a space, a switch with or without its value."""
    assert texts(*argv) == found


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.name)
def test_every_setting_has_a_flag_and_is_in_the_help(setting) -> None:
    """The table drives both."""
    assert texts(f"{setting.flag}=x") == {setting.name: "x"}
    assert texts(f"{setting.flag[1:]}=x") == {setting.name: "x"}
    assert setting.flag in help_text()
    assert setting.variable in help_text()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("run",), "unknown command 'run': there are serve, exec, env, health"),
        (("serve", "now"), "unrecognized arguments: now"),
        (("--prot", "1"), "unrecognized arguments: --prot 1"),
        (("--por", "1"), "unrecognized arguments: --por 1"),
        (("--port",), "argument --port/-port: expected one argument"),
        (("serve", "--", "x"), "serve takes nothing after --"),
    ],
)
def test_what_is_not_understood_is_refused_in_one_line(argv: tuple[str, ...], message: str) -> None:
    """Nothing is guessed from a prefix."""
    with pytest.raises(SettingsError) as caught:
        read_arguments(argv)
    assert str(caught.value) == message


def test_what_follows_the_dashes_is_the_program() -> None:
    """Its own flags and dashes are left alone."""
    arguments = read_arguments(["exec", "--queue", "q", "--", "sh", "-c", "true", "--", "--port"])
    assert arguments.program == ["sh", "-c", "true", "--", "--port"]
    assert arguments.flags == ["--queue", "q"]
