"""The arrays of numbers that the package works with, by what an entry is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
Int32s = NDArray[np.int32]
UInt64s = NDArray[np.uint64]
UInt32s = NDArray[np.uint32]
Float64s = NDArray[np.float64]
Bools = NDArray[np.bool_]
