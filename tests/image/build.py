"""The steps of a Dockerfile, run."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from tests.image.context import Context
from tests.image.dockerfile import Dockerfile, Instruction, Stage, filled
from tests.image.machine import Machine
from tests.image.sandbox import Sandbox


class StepFailed(Exception):
    """A step's own failure, with what it said."""


@dataclass(slots=True)
class Image:
    """A root, and how it is run. `arguments` are the build's, which go with its stage."""

    root: Path
    environ: dict[str, str]
    arguments: dict[str, str] = field(default_factory=dict)
    directory: str = "/"
    user: str = "0:0"
    entrypoint: Sequence[str] = ()
    command: Sequence[str] = ()
    health_check: Sequence[str] = ()
    stop_signal: str = "SIGTERM"
    volumes: Sequence[str] = ()
    ports: Sequence[int] = ()
    labels: dict[str, str] = field(default_factory=dict)


class Build:
    """`begin(image, root)` makes the root of a base image; `say` is told of each step."""

    def __init__(
        self,
        context: Context,
        machine: Machine,
        directory: Path,
        begin: Callable[[str, Path], None],
        environ: Mapping[str, str],
        say: Callable[[str], None],
    ) -> None:
        self._context = context
        self._machine = machine
        self._directory = directory
        self._begin = begin
        self._environ = environ
        self._say = say
        self._stages: dict[str, Image] = {}
        self._handlers: Mapping[str, Callable[[Image, Instruction], None]] = {
            "ARG": self._arg,
            "ENV": lambda image, step: image.environ.update(step.pairs()),
            "WORKDIR": self._workdir,
            "COPY": self._copy,
            "RUN": self._run,
            "USER": self._user,
            "LABEL": lambda image, step: image.labels.update(step.pairs()),
            "EXPOSE": lambda image, step: setattr(image, "ports", [int(word) for word in step.words()]),
            "VOLUME": lambda image, step: setattr(image, "volumes", step.words()),
            "STOPSIGNAL": lambda image, step: setattr(image, "stop_signal", step.text),
            "HEALTHCHECK": self._health_check,
            "ENTRYPOINT": lambda image, step: setattr(image, "entrypoint", step.command()),
            "CMD": lambda image, step: setattr(image, "command", step.command()),
        }

    def image(self, dockerfile: Dockerfile) -> Image:
        """That of the last stage. Raises StepFailed, DockerfileMistake and FileNotFoundError."""
        for number, stage in enumerate(dockerfile.stages):
            image = self._begun(stage, number, dockerfile.arguments)
            for instruction in stage.instructions:
                self._step(image, instruction, dockerfile.arguments)
            self._stages[stage.name or str(number)] = image
        return image

    def _begun(self, stage: Stage, number: int, arguments: Mapping[str, str]) -> Image:
        base, root = filled(stage.base, arguments), self._directory / f"stage-{number}"
        self._say(f"FROM {base}")
        if base in self._stages:
            earlier = self._stages[base]
            _copy_tree(earlier.root, root)
            return replace(earlier, root=root, environ=dict(earlier.environ), labels=dict(earlier.labels))
        self._begin(base, root)
        return Image(root, dict(self._environ))

    def _step(self, image: Image, instruction: Instruction, arguments: Mapping[str, str]) -> None:
        self._say(f"{instruction.name} {instruction.text}")
        # A shell fills in its own variables, and JSON has none.
        if instruction.name not in ("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"):
            known = image.arguments | image.environ
            instruction = replace(instruction, text=filled(instruction.text, known))
        if instruction.name == "ARG" and "=" not in instruction.text:
            default = arguments.get(instruction.text, "")
            instruction = replace(instruction, text=f"{instruction.text}={default}")
        self._handlers[instruction.name](image, instruction)

    def _arg(self, image: Image, step: Instruction) -> None:
        image.arguments.update(step.pairs())

    def _workdir(self, image: Image, step: Instruction) -> None:
        image.directory = str(PurePosixPath(image.directory) / step.text)
        _within(image.root, image.directory).mkdir(parents=True, exist_ok=True)

    def _user(self, image: Image, step: Instruction) -> None:
        user, _, group = step.text.partition(":")
        if not (user.isdigit() and group.isdigit()):
            raise step.mistake("UID:GID is expected")
        image.user = step.text

    def _health_check(self, image: Image, step: Instruction) -> None:
        word, _, command = step.text.partition(" ")
        if word != "CMD":
            raise step.mistake("CMD is expected")
        image.health_check = replace(step, text=command.strip()).command()

    def _copy(self, image: Image, step: Instruction) -> None:
        *sources, destination = step.words()
        place = str(PurePosixPath(image.directory) / destination)
        into = destination.endswith("/") or destination == "."
        if len(sources) > 1 and not into:
            raise step.mistake("several sources go into a folder, which ends with /")
        for source in sources:
            is_folder = self._take(step, source, _within(image.root, place), into=into)
            owner = step.flags.get("chown")
            if owner is not None:
                target = place if is_folder or not into else f"{place}/{PurePosixPath(source).name}"
                subprocess.run(["chown", "-R", owner, str(_within(image.root, target))], check=True)

    def _take(self, step: Instruction, source: str, target: Path, *, into: bool) -> bool:
        """Copy one source; whether it is a folder, whose content is copied."""
        stage = step.flags.get("from")
        if stage is None:
            is_folder = self._context.is_folder(source)
            self._context.copy(
                source, target / PurePosixPath(source).name if into and not is_folder else target
            )
            return is_folder
        if stage not in self._stages:
            raise step.mistake(f"there is no stage {stage}")
        found = _within(self._stages[stage].root, source)
        is_folder = found.is_dir()
        target.mkdir(parents=True, exist_ok=True) if is_folder or into else None
        subprocess.run(["cp", "-a", f"{found}/." if is_folder else str(found), str(target)], check=True)
        return is_folder

    def _run(self, image: Image, step: Instruction) -> None:
        sandbox = Sandbox(
            root=image.root,
            environ=self._machine.environ | image.arguments | image.environ,
            user=image.user,
            directory=image.directory,
            mounts=self._machine.files,
        )
        with sandbox.command(step.command()) as command:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
            )
        if done.returncode != 0:
            said = f"{done.stdout}{done.stderr}"[-4_000:]
            raise StepFailed(f"Dockerfile:{step.line}: exit code {done.returncode}:\n{said}")


def _within(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _copy_tree(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", "--reflink=auto", str(source), str(target)], check=True)
