"""Contracts: what a model must do, tried out on a small copy of it in about a second.

Others' graphs can be well-typed and still leak the answer. A broken contract names the node or wire to blame and
offers edits that make it hold; each has been tried.
"""

from builder.contracts import context, future, gradients, learning, norms, order, padding, residual, scores, weights  # noqa: F401  (they declare their contracts)
from builder.contracts.base import CONTRACTS, Contract, ContractResult
from builder.contracts.check import check_contracts

__all__ = ["CONTRACTS", "Contract", "ContractResult", "check_contracts"]
