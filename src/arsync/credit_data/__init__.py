"""Credit data: what registers and bureaus say of a business, where a setting lets them be asked."""

from arsync.credit_data.contract import CreditAnswer, CreditQuery, CreditSource
from arsync.credit_data.installed import credit_source, credit_source_names

__all__ = [
    "CreditAnswer",
    "CreditQuery",
    "CreditSource",
    "credit_source",
    "credit_source_names",
]
