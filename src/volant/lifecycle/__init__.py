"""Lifecycle: the life of an installation, from its data directory's point of view. Stands above the stages, beside the
loop; knows neither HTTP nor processes.

archive    one tar file with a manifest: written once, read as a stream, every hash checked
backup     a consistent copy while traffic runs
restore    a backup becomes a data directory
keys       the master key in a backup, sealed under a passphrase
ledger     who was erased, without names, so that a restore does not bring them back
retention  what has run out goes, in small batches
ceiling    the most that a data directory may hold
export     everything in open formats
"""
