"""Tables, constraints, scoped managers. No verbs, no signals, no save() logic."""

from loyalty.models.audits import VerifyFault, VerifyRun
from loyalty.models.billing import Subscription
from loyalty.models.bulk import BulkRead
from loyalty.models.catalog import GoodsTitle, ProductCollections
from loyalty.models.checkpoints import Checkpoint
from loyalty.models.circuits import Circuit
from loyalty.models.ecwid import CartProof, EcwidStore
from loyalty.models.holds import HeldAward
from loyalty.models.launches import Launch
from loyalty.models.members import LedgerEntry, Member, Redemption, StoredFact
from loyalty.models.notes import StaffNote
from loyalty.models.privacy import Forgotten, PrivacyRequest
from loyalty.models.queues import EmailCode, InboxDelivery, OutboxMessage, QueueState, RateCounter, ShopperDevice
from loyalty.models.reconciliations import HealedOrder, Reconciliation
from loyalty.models.referrals import HouseholdMark, Referral
from loyalty.models.rewards import FulfilmentSecret, PartnerCode, Payout
from loyalty.models.shops import Credential, OAuthState, ProgramVersion, Shop, StaffMembership
from loyalty.models.trials import Trial
from loyalty.models.widget import WidgetSettings

__all__ = [
    "BulkRead",
    "CartProof",
    "Checkpoint",
    "Circuit",
    "Credential",
    "EcwidStore",
    "EmailCode",
    "Forgotten",
    "FulfilmentSecret",
    "GoodsTitle",
    "HealedOrder",
    "HeldAward",
    "HouseholdMark",
    "InboxDelivery",
    "Launch",
    "LedgerEntry",
    "Member",
    "OAuthState",
    "OutboxMessage",
    "PartnerCode",
    "Payout",
    "PrivacyRequest",
    "ProductCollections",
    "ProgramVersion",
    "QueueState",
    "RateCounter",
    "Reconciliation",
    "Redemption",
    "Referral",
    "Shop",
    "ShopperDevice",
    "StaffMembership",
    "StaffNote",
    "StoredFact",
    "Subscription",
    "Trial",
    "VerifyFault",
    "VerifyRun",
    "WidgetSettings",
]
