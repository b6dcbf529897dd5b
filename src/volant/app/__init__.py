"""App: composition roots, one per process. The only floor that names technologies.

supervisor   locks the data directory, binds the port, starts and watches the others
gateway      the hot paths
control      API, the store's only writer, workflows, monitors
run          one training, evaluation or cleaning
story        the main job, driven from outside through the API
"""
