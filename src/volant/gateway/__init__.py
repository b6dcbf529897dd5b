"""Gateway: the hot path, in the order in which a request passes.

wire           uvicorn's HTTP protocol, with a direct way to write answers
app            which path goes where
doors          which request line is whose: dialect, operation, model
listing        GET models
chat           the story of one request
opening        a request, understood
express        the usual request, on a straight way
hooks          what may stand beside it: guards and a cache
caller         who asks: key, user, session, trace, from headers and body
auth           key -> grant
ceilings       which accounts a request stands on: key, project, task, model
admission      a request takes from all of them or from none, out of this worker's leases
footing        what one request holds, for retries, hedges and other models too
accounts       what one lease holds, as numbers
ceiling_refusals  which ceiling it would pass, and when that frees
limit_headers  what is left, as each dialect says it
plan           a snapshot compiled for the hot path
split          which variant answers a user
balance        which deployment answers, and which rest because they failed
routing        who is asked first, and what is done after each failure
failures       what one call ended with, and what that means for the next
attempt        one call after the other until one answers
tally          one call as the record keeps it: what it took and cost
unanswered     what a caller is told when nobody answered
hedging        two places asked for one answer
media          what a request names by URL, fetched where its place does not fetch
call           one request to one place, and what came of it
translation    a request made one place's, in its dialect
composing      a request with what its variant adds
operations     the same for what is no chat: embeddings
counting       tokens of a request, counted or estimated
parts          the same, where a place takes it in several calls only
moderating     texts by category
locally        what this worker answers itself
values         one field of the caller's body, read when it is wanted
body           the caller's JSON made the upstream's
exchange       bytes in, bytes out, streams relayed as they come
streams        an exchange that translates, or is guarded
answering      what the caller gets of an outcome
edge           what a caller gets of an error that nobody else has answered
answers        heads, errors and ends as the caller's clients read them
cost           dollars of a call, and the most that a request can take
validity       is the answer technically one?
guards         a task's checks with an action, over one request and its answer
guard_texts    which strings of both they read, and how those are replaced
guard_scan     one check over a text that grows, and what is held back of it
guard_stream   all output guards over one stream
guard_extras   what a provider says beside an answer, in pieces
guard_models   what a guard asks of a model: a judge's opinion, the nearness of a topic
placeholders   what stands for what was redacted, and its way back into the answer
inner          what a guard or the cache asks of a model meanwhile
cache          answers given before
cache_key      when two questions are the same
cache_meaning  which question asked before means nearly the same
keyless        what a provider said, without our key
redaction      what must not be written is blanked before it is
record         one record an inference, into the spool
shadow         a copy to the candidate, after the answer
gauges         what this worker does just now, for who looks from outside
control_link   snapshot and leases from control
relay          every other path, to control, both ways
snapshot_file  the last snapshot, sealed, for a start without control

Imports no SQLAlchemy, FastAPI, DBOS or torch: a test looks.
"""
