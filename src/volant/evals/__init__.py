"""Evals: what a model does on a suite, as reports with intervals.

    runner        ask a model many questions over the OpenAI chat API: bounded, retried, resumable
    accuracy      right answers on a test set; known, new and overall
    bias          the same question under names of different groups
    security      injections, with benign twins and false refusals
    memorisation  planted canaries: can the model give them away?
    compare       two reports, item by item
    baseline      a TF-IDF and linear classifier, the honest yardstick

Reports meet gates through `core.nouns.Report` and the names in `core.metrics`.
"""
