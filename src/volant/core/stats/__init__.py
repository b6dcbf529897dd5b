"""Statistics that decide: pure functions on numpy arrays, without I/O, clock or randomness.

| module | answers |
|---|---|
| `intervals` | what does a count of successes say about a rate? |
| `power` | how many items does a question need, and what can a number of items show? |
| `clustered` | what is the mean of one metric whose items come in groups? |
| `paired` | is the candidate better or worse on the same items? |
| `non_inferiority` | may the candidate stand in for the baseline? pass, fail or insufficient evidence |
| `intracluster` | how alike are the observations of one user? |
| `sequential` | what do canary users say, looked at after every one? |
| `canary` | hold, widen, promote or roll back? |
| `betting` | the anytime-valid evidence below `sequential` |
| `distributions` | normal, Student, F, beta and binomial, below everything |

`docs/statistics.md` says which method is used where, with sources and measured error rates.
"""

from volant.core.stats.canary import (
    Action,
    Arm,
    CanaryPlan,
    Decision,
    Guard,
    MetricBounds,
    Step,
    UserObservation,
    decide,
    steps_of,
)
from volant.core.stats.clustered import ClusteredMean, clustered_mean, clustered_rate
from volant.core.stats.intervals import Interval, clopper_pearson, clopper_pearson_upper, wilson
from volant.core.stats.intracluster import LabelAgreement, intracluster_correlation, label_agreement
from volant.core.stats.non_inferiority import (
    HolmResult,
    NonInferiorityPlan,
    NonInferiorityVerdict,
    VerdictWord,
    holm,
    judge_family,
    judge_non_inferiority,
)
from volant.core.stats.paired import PairedComparison, compare_paired, mcnemar_exact
from volant.core.stats.power import (
    design_effect,
    detection_probability,
    items_needed_for_non_inferiority,
    items_needed_for_rate,
    power_of,
    power_of_rate,
    smallest_margin,
    zero_failure_trials,
)

__all__ = [
    "Action",
    "Arm",
    "CanaryPlan",
    "ClusteredMean",
    "Decision",
    "Guard",
    "HolmResult",
    "Interval",
    "LabelAgreement",
    "MetricBounds",
    "NonInferiorityPlan",
    "NonInferiorityVerdict",
    "PairedComparison",
    "Step",
    "UserObservation",
    "VerdictWord",
    "clopper_pearson",
    "clopper_pearson_upper",
    "clustered_mean",
    "clustered_rate",
    "compare_paired",
    "decide",
    "design_effect",
    "detection_probability",
    "holm",
    "intracluster_correlation",
    "items_needed_for_non_inferiority",
    "items_needed_for_rate",
    "judge_family",
    "judge_non_inferiority",
    "label_agreement",
    "mcnemar_exact",
    "power_of",
    "power_of_rate",
    "smallest_margin",
    "steps_of",
    "wilson",
    "zero_failure_trials",
]
