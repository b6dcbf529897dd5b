"""Loop: the stories that span stages, as durable workflows. The only floor that may call several stages.

intake     files → clean, redacted, split dataset version
making     train → export → register, evaluate, gate: the parts that building and retraining share
build      a first model of a task
retrain    reviewed answers → dataset version → tune → evaluate → gate → rollout
rolling    shadow → canary → promote or roll back
serving    engines of models: deploy, withdraw
forgetting a person's erasure, to the weights
actions    what control binds for routes and commands
"""
