"""Calls of the methods that a discovery document describes, and its schemas for what comes back."""

_TYPES = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": dict,
}


class Described:
    """A collection of methods. `called` gets the ids of those that were answered."""

    def __init__(self, document, resource, path, called):
        self._document = document
        self._called = called
        self._resource = resource
        self._methods = _methods(document, path)

    def call(self, method, **arguments):
        """The answer, once it is what the document says."""
        return self._answer(method, getattr(self._resource, method)(**arguments))

    def call_with(self, method, body, content_type, **arguments):
        """The same with a body that is not JSON."""
        request = getattr(self._resource, method)(**arguments, body={})
        request.body, request.body_size = body, len(body)
        request.headers["content-type"] = content_type
        return self._answer(method, request)

    def pages(self, method, **arguments):
        """What all pages of a list hold, gone through by the client's own `…_next`."""
        request, found = getattr(self._resource, method)(**arguments), []
        while request is not None:
            page = self._answer(method, request)
            found += next((value for value in page.values() if isinstance(value, list)), [])
            request = getattr(self._resource, f"{method}_next")(request, page)
        return found

    def _answer(self, method, request):
        answer = request.execute()
        described = self._methods[method]
        self._check(described["response"], answer, described["id"])
        self._called.add(described["id"])
        return answer

    def _check(self, schema, value, where):
        schema = self._document["schemas"].get(schema.get("$ref"), schema)
        kind = schema.get("type")
        if kind == "any":
            return
        assert isinstance(value, _TYPES[kind]), f"{where} is {value!r}, and not of type {kind}"
        if kind == "array":
            for item in value:
                self._check(schema["items"], item, f"{where}[]")
        elif kind == "object":
            self._check_fields(schema, value, where)
        elif "enum" in schema:
            assert value in schema["enum"], f"{where} is {value!r}, none of {schema['enum']}"

    def _check_fields(self, schema, value, where):
        fields, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name, part in value.items():
            described = fields.get(name, others)
            assert described is not None, f"{where} has {name}, which the document does not know"
            self._check(described, part, f"{where}.{name}")


def methods_of(document):
    """The ids of all methods."""
    return {method["id"] for path in _paths(document) for method in _methods(document, path).values()}


def _methods(document, path):
    resource = document
    for part in path.split("."):
        resource = resource["resources"][part]
    return resource.get("methods", {})


def _paths(resource, prefix=""):
    for name, inner in resource.get("resources", {}).items():
        yield f"{prefix}{name}"
        yield from _paths(inner, f"{prefix}{name}.")
