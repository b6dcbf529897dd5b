"""Jobs: durable workflows and the executor of heavy work.

workflows   named workflows on DBOS: they go on at the last finished step after a kill
executor    runs and engines as the supervisor's children (desired state, results, progress)
context     what control hands to routes and workflows: one typed object
actions     what the loop can be asked to do, as a protocol (routes know only this)
"""
