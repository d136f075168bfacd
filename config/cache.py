"""Redis as a cache that may be away: a page must not fail because something it could have remembered is gone."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = structlog.get_logger(__name__)


def _or(value: Callable[[tuple, dict], Any]) -> Callable:
    """When Redis does not answer, the answer of an empty cache."""

    def forgive(method: Callable) -> Callable:
        @wraps(method)
        def forgiving(self: Cache, *args: Any, **kwargs: Any) -> Any:
            try:
                return method(self, *args, **kwargs)
            except RedisError as error:
                logger.warning("cache_away", error=str(error))
                return value(args, kwargs)

        return forgiving

    return forgive


def _default(args: tuple, kwargs: dict) -> Any:
    return kwargs.get("default", args[1] if len(args) > 1 else None)


class Cache(RedisCache):
    get = _or(_default)(RedisCache.get)
    get_many = _or(lambda args, kwargs: {})(RedisCache.get_many)
    set = _or(lambda args, kwargs: None)(RedisCache.set)
    set_many = _or(lambda args, kwargs: [])(RedisCache.set_many)
    add = _or(lambda args, kwargs: True)(RedisCache.add)
    touch = _or(lambda args, kwargs: False)(RedisCache.touch)
    has_key = _or(lambda args, kwargs: False)(RedisCache.has_key)
    delete = _or(lambda args, kwargs: False)(RedisCache.delete)
    delete_many = _or(lambda args, kwargs: None)(RedisCache.delete_many)
