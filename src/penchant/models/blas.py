"""How many threads the linear algebra below a model may take."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any


def one_thread() -> AbstractContextManager[Any]:
    """While it holds, BLAS and LAPACK compute on the calling thread alone.

    For many small products and short factorisations: there the other threads of the library mostly wait, and they wait by
    spinning, which on a busy machine costs more processor time than the work itself.
    """
    limited: AbstractContextManager[Any] = _libraries().limit(limits=1, user_api="blas")
    return limited


@lru_cache(maxsize=1)
def _libraries() -> Any:
    # a library that scikit-learn depends on. It looks for what is loaded by now, and both BLAS libraries must be
    import numpy  # noqa: F401
    import scipy.linalg  # noqa: F401
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

    return ThreadpoolController()
