"""Backward compatibility of OpenAPI documents: old requests stay valid, new answers stay readable."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from schemas.derive.compatibility import incompatible, unreadable

Document = Mapping[str, Any]
Compare = Callable[[Document, Document], list[str]]
METHODS = ("get", "post", "put", "patch", "delete")


def incompatible_api(old: Document, new: Document) -> list[str]:
    """Each way in which a client of the old API fails at the new one: where, and a sentence in English."""
    return list(dict.fromkeys(_Comparison(old, new).reasons()))


class _Comparison:
    def __init__(self, old: Document, new: Document) -> None:
        self._old = old
        self._new = new

    def reasons(self) -> Iterator[str]:
        """Of every operation that there was."""
        for path, methods in self._old["paths"].items():
            for method in METHODS:
                if method not in methods:
                    continue
                where = f"{method.upper()} {path}"
                after = self._new["paths"].get(path, {}).get(method)
                if after is None:
                    yield f"{where}: the operation has been removed"
                else:
                    yield from self._operation(methods[method], after, where)

    def _operation(self, old: Document, new: Document, where: str) -> Iterator[str]:
        if old["operationId"] != new["operationId"]:
            yield f"{where}: the operation is called {new['operationId']} now, was {old['operationId']}"
        if {} in old.get("security", [{}]) and {} not in new.get("security", [{}]):
            yield f"{where}: callers must be signed in now"
        for way in old.get("security", []):
            if way and way not in new.get("security", []):
                yield f"{where}: callers can no longer sign in by {', '.join(way)}"
        yield from self._parameters(old, new, where)
        yield from self._request(old.get("requestBody"), new.get("requestBody"), where)
        for status, answer in old["responses"].items():
            if status not in new["responses"]:
                yield f"{where}: status {status} has been removed"
                continue
            before, after = self._resolved(answer, self._old), self._resolved(new["responses"][status], self._new)
            yield from self._content(before, after, f"{where} answering {status}", unreadable)

    def _parameters(self, old: Document, new: Document, where: str) -> Iterator[str]:
        before, after = (
            {(one["in"], one["name"]): one for one in (self._resolved(raw, root) for raw in operation["parameters"])}
            for operation, root in ((old, self._old), (new, self._new))
        )
        for key, parameter in before.items():
            at = f"{where} {key[0]} {key[1]}"
            if key not in after:
                yield f"{at}: the parameter has been removed"
            else:
                yield from self._compared(parameter["schema"], after[key]["schema"], at, incompatible)
        for key, parameter in after.items():
            if parameter.get("required") and not before.get(key, {}).get("required"):
                yield f"{where} {key[0]} {key[1]}: the parameter has become required"

    def _request(self, old: Document | None, new: Document | None, where: str) -> Iterator[str]:
        at = f"{where} body"
        if old is None:
            if new and new.get("required"):
                yield f"{at}: a body has become required"
        elif new is None:
            yield f"{at}: the body has been removed"
        else:
            if new.get("required") and not old.get("required"):
                yield f"{at}: the body has become required"
            yield from self._content(old, new, at, incompatible)

    def _content(self, old: Document, new: Document, where: str, compare: Compare) -> Iterator[str]:
        for media, told in old.get("content", {}).items():
            if media not in new.get("content", {}):
                yield f"{where}: {media} has been removed"
            else:
                before, after = told.get("schema", {}), new["content"][media].get("schema", {})
                yield from self._compared(before, after, where, compare)

    def _compared(self, old: Document, new: Document, where: str, compare: Compare) -> Iterator[str]:
        rooted = (
            {**schema, "$defs": root["components"]["schemas"]} for schema, root in ((old, self._old), (new, self._new))
        )
        yield from (f"{where}: {reason}" for reason in compare(*rooted))

    @staticmethod
    def _resolved(told: Document, root: Document) -> Document:
        if "$ref" not in told:
            return told
        _, _, section, name = str(told["$ref"]).split("/")
        found: Document = root["components"][section][name]
        return found
