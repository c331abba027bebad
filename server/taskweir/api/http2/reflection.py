"""gRPC reflection, so that tools such as grpcurl need no proto files. It tells the true names of everything.

The package's own servicer would bring gRPC's C core with it.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from grpc_reflection.v1alpha import reflection_pb2

from taskweir.api.descriptors import descriptor_pool
from taskweir.domain.errors import Code, InvalidArgument

NAME: Final = "grpc.reflection.v1alpha.ServerReflection"
_NEWER_NAME: Final = "grpc.reflection.v1.ServerReflection"
"""The same messages under another package. Newer clients ask for it first; it is not listed, because no descriptor
of that name is at hand."""
PATHS: Final = tuple(f"/{name}/ServerReflectionInfo" for name in (NAME, _NEWER_NAME))


def reflection_answer(services: Iterable[str]) -> Callable[[bytes], bytes]:
    """What answers one message of the dialogue. Each of the services must be in the descriptor pool."""
    reflection = _Reflection((*services, NAME), descriptor_pool())

    def answer(data: bytes) -> bytes:
        try:
            request = reflection_pb2.ServerReflectionRequest.FromString(data)
        except DecodeError as error:
            raise InvalidArgument("The request could not be parsed.") from error
        asked = reflection_pb2.ServerReflectionResponse(original_request=request)
        # What protobuf writes of a message's fields one after the other is the message.
        return b"".join((asked.SerializeToString(), reflection.answer(request)))

    return answer


class _Reflection:
    def __init__(self, services: Iterable[str], pool: DescriptorPool) -> None:
        self._services = tuple(sorted(services))
        self._pool = pool
        self._files: dict[str, bytes] = {}
        """Answers that have files, by the name of the first: they are long, and there are few."""

    def answer(self, request: reflection_pb2.ServerReflectionRequest) -> bytes:
        """What there is to say besides what was asked."""
        asked = request.WhichOneof("message_request")
        try:
            if asked == "list_services":
                return _written(self._list())
            if asked == "all_extension_numbers_of_type":
                return _written(self._extensions_of(request.all_extension_numbers_of_type))
            file = self._file(request)
        except KeyError:
            return _written(_error(Code.NOT_FOUND, "not found"))
        if file is None:
            return _written(_error(Code.INVALID_ARGUMENT, "invalid argument"))
        if file.name not in self._files:
            self._files[file.name] = _written(_with_imports(file))
        return self._files[file.name]

    def _file(self, request: reflection_pb2.ServerReflectionRequest) -> FileDescriptor | None:
        """What is asked for, None for nothing. Raises KeyError."""
        match request.WhichOneof("message_request"):
            case "file_by_filename":
                return self._pool.FindFileByName(request.file_by_filename)
            case "file_containing_symbol":
                return self._pool.FindFileContainingSymbol(request.file_containing_symbol)
            case "file_containing_extension":
                asked = request.file_containing_extension
                extended = self._pool.FindMessageTypeByName(asked.containing_type)
                found = self._pool.FindExtensionByNumber(extended, asked.extension_number)
                return self._pool.FindFileContainingSymbol(found.full_name)
        return None

    def _extensions_of(self, name: str) -> reflection_pb2.ServerReflectionResponse:
        extensions = self._pool.FindAllExtensions(self._pool.FindMessageTypeByName(name))
        numbers = sorted(extension.number for extension in extensions)
        return reflection_pb2.ServerReflectionResponse(
            all_extension_numbers_response={"base_type_name": name, "extension_number": numbers}
        )

    def _list(self) -> reflection_pb2.ServerReflectionResponse:
        return reflection_pb2.ServerReflectionResponse(
            list_services_response={"service": [{"name": name} for name in self._services]}
        )


def _written(answer: reflection_pb2.ServerReflectionResponse) -> bytes:
    return bytes(answer.SerializeToString())


def _with_imports(file: FileDescriptor) -> reflection_pb2.ServerReflectionResponse:
    files = [found.serialized_pb for found in _imports(file, set())]
    return reflection_pb2.ServerReflectionResponse(file_descriptor_response={"file_descriptor_proto": files})


def _imports(file: FileDescriptor, seen: set[str]) -> Iterator[FileDescriptor]:
    """The file first, and each once."""
    seen.add(file.name)
    yield file
    for imported in file.dependencies:
        if imported.name not in seen:
            yield from _imports(imported, seen)


def _error(code: Code, message: str) -> reflection_pb2.ServerReflectionResponse:
    return reflection_pb2.ServerReflectionResponse(
        error_response={"error_code": code, "error_message": message}
    )
