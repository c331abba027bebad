"""Makes generated/taskweir_pb from the protos in this folder.

Run by `make generate` and `make check`, in an environment that holds exactly requirements.txt. Writes:
- for each version folder below a folder of STUB_FOLDERS, its `*_pb2.py` and `*_pb2_grpc.py` and their types;
- `descriptors.binpb`: a FileDescriptorSet of every proto under its true name and of all it imports, for
  reflection and for the HTTP rules.

The stubs' proto package is renamed (google.cloud.tasks.v2 becomes taskweir_pb.v2), because the official
client registers the same message names in the same process. Message names do not travel; method paths do, and
keep their true names.
"""

import argparse
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from importlib import resources
from pathlib import Path

import service_types

PROTOS = Path(__file__).resolve().parent
GENERATED = PROTOS.parent / "generated"
PACKAGE = "taskweir_pb"

STUB_FOLDERS = {
    "google/cloud/tasks": PACKAGE,
    "taskweir/control": f"{PACKAGE}/control",
    "taskweir/firebase": f"{PACKAGE}/firebase",
    "taskweir/taskqueue": f"{PACKAGE}/taskqueue",
}
"""Folders of protos/ and where their stubs go. Each holds one folder for each version."""

_SITE_PACKAGES = Path(sysconfig.get_path("purelib"))
_LONGRUNNING = "google/longrunning/operations.proto"
_LONGRUNNING_IN_WHEEL = "google/longrunning/operations_proto.proto"
"""googleapis-common-protos renames the .proto file, though its modules register it under its true name."""


def main() -> int:
    """Bring generated/ up to date, or with --check only say what is stale. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Make the Python code of the protos.")
    parser.add_argument("--check", action="store_true", help="write nothing; list what is stale and exit 1")
    check: bool = parser.parse_args().check
    with tempfile.TemporaryDirectory() as work:
        fresh = generate(Path(work))
        stale = differences(fresh, GENERATED)
        for path in stale:
            print(f"{'stale' if check else 'changed'}: generated/{path}")
            if not check:
                bring_up_to_date(fresh / path, GENERATED / path)
    return 1 if check and stale else 0


def generate(work: Path) -> Path:
    """Make everything anew below `work`. Returns the folder that generated/ should equal."""
    fresh = work / "fresh"
    (fresh / PACKAGE).mkdir(parents=True)
    sources = [
        path.relative_to(PROTOS) for folder in STUB_FOLDERS for path in PROTOS.glob(f"{folder}/*/*.proto")
    ]
    sources.sort()
    lend_longrunning(work)
    protoc(
        [PROTOS, work],
        sources,
        f"--descriptor_set_out={fresh / PACKAGE / 'descriptors.binpb'}",
        "--include_imports",
    )
    make_stubs(sources, fresh, work)
    for folder in {folder for module in fresh.rglob("*.py") for folder in module.relative_to(fresh).parents}:
        if folder.name:
            (fresh / folder / "__init__.py").write_text('"""Made by protos/generate.py."""\n')
    (fresh / PACKAGE / "py.typed").touch()
    return fresh


def lend_longrunning(work: Path) -> None:
    """Put the file that the wheel renames where protoc looks for it."""
    lent = work / _LONGRUNNING
    lent.parent.mkdir(parents=True)
    shutil.copyfile(_SITE_PACKAGES / _LONGRUNNING_IN_WHEEL, lent)


def make_stubs(sources: list[Path], fresh: Path, work: Path) -> None:
    """Generate the modules from renamed copies of the protos, which are made below `work`."""
    renamed, with_services = [], []
    for source in sources:
        text = (PROTOS / source).read_text()
        stub = work / rename_path(source.as_posix())
        stub.parent.mkdir(parents=True, exist_ok=True)
        stub.write_text(rename_proto(text))
        renamed.append(stub.relative_to(work))
        if re.search(r"^service ", text, re.MULTILINE):
            with_services.append(stub.relative_to(work))
    stub_set = work / "stubs.binpb"
    protoc(
        [work],
        renamed,
        f"--python_out={fresh}",
        f"--pyi_out={fresh}",
        f"--descriptor_set_out={stub_set}",
        "--include_imports",
    )
    protoc([work], with_services, f"--grpc_python_out={fresh}")
    for stub in with_services:
        module = fresh / stub.with_name(f"{stub.stem}_pb2_grpc.py")
        module.write_text(restore_method_paths(module.read_text()))
        module.with_suffix(".pyi").write_text(service_types.of_file(stub_set, stub.as_posix()))


def rename_path(path: str) -> str:
    """google/cloud/tasks/v2/x.proto -> taskweir_pb/v2/x.proto; any other path is left as it is."""
    for folder, stubs in STUB_FOLDERS.items():
        if path.startswith(f"{folder}/"):
            return stubs + path.removeprefix(folder)
    return path


def rename_proto(text: str) -> str:
    """Rename the package of a proto, what it imports, and what it takes from there."""
    text = re.sub(r'(?<=^import ")[^"]+', lambda match: rename_path(match[0]), text, flags=re.MULTILINE)
    for folder, stubs in STUB_FOLDERS.items():
        text = re.sub(rf"(?<=^package ){dotted(folder)}\b", dotted(stubs), text, flags=re.MULTILINE)
        text = re.sub(rf'(?<![\w."/]){dotted(folder)}(?=\.v\w+\.[A-Z])', dotted(stubs), text)
    return text


def restore_method_paths(text: str) -> str:
    """Give the service's true name back to the strings that go on the wire."""
    for folder, stubs in STUB_FOLDERS.items():
        text = re.sub(rf"(?<=['/]){dotted(stubs)}(?=\.v\w+\.\w+['/])", dotted(folder), text)
    return text


def dotted(folder: str) -> str:
    return folder.replace("/", ".")


def protoc(includes: list[Path], sources: list[Path], *options: str) -> None:
    """Run protoc with the includes of the installed wheels. Raises CalledProcessError when one is wrong."""
    well_known = resources.files("grpc_tools") / "_proto"
    paths = [f"--proto_path={path}" for path in (*includes, _SITE_PACKAGES, well_known)]
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", *paths, *options, *map(str, sources)], check=True
    )


def differences(fresh: Path, present: Path) -> list[Path]:
    """The files, relative to both folders, that are in one only or are not the same in both."""
    return sorted(
        path for path in files(fresh) | files(present) if content(fresh / path) != content(present / path)
    )


def files(root: Path) -> set[Path]:
    found = {path.relative_to(root) for path in root.rglob("*") if path.is_file()}
    return {path for path in found if "__pycache__" not in path.parts}


def content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def bring_up_to_date(fresh: Path, present: Path) -> None:
    """Copy a file that was made, or remove one that is made no more."""
    if not fresh.exists():
        present.unlink()
        return
    present.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(fresh, present)


if __name__ == "__main__":
    sys.exit(main())
