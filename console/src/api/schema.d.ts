// Generated from openapi.json by `npm run generate`; do not edit.
export interface paths {
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process is there */
        get: operations["health_healthz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process can work */
        get: operations["health_readyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every series, for Prometheus */
        get: operations["metrics_expose"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The tasks that this key may call, as OpenAI lists models */
        get: operations["openai_models"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One task, as OpenAI shows a model */
        get: operations["openai_model"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was done, newest first */
        get: operations["audit_list_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Follow the whole chain, of every project; says which row is not as it was written */
        get: operations["audit_verify"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The project's rows as JSON lines, oldest first */
        get: operations["audit_export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/backups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The backups in the server's folder, newest first; one that runs or failed before them */
        get: operations["backups_list_backups"];
        put?: never;
        /** Write a backup in the background, and check it */
        post: operations["backups_create_backup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/backups/{name}/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Read every byte of a backup and open its databases */
        post: operations["backups_verify_backup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/datasets/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Import labelled files: clean, redact, split by user, keep */
        post: operations["datasets_import_files"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/datasets/{name}/from-traces": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begin the next version: the newest one, and chosen answers
         * @description The label is what the newest judgement says is right: its right answer, or the answer that it accepts. Whatever
         *     becomes no row is refused by its id, with the reason. Where nothing is left, there is no new version.
         */
        post: operations["datasets_add_traces"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/datasets/{name}/cases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begin the next version: the newest, and a case
         * @description A question that was tried, with what is right: a test case, unless another split is named. It is cleaned and
         *     redacted first; one that the dataset has already is refused.
         */
        post: operations["datasets_add_case"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/datasets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every dataset version, oldest first */
        get: operations["datasets_list_versions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dataset-versions/{version_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One dataset version */
        get: operations["datasets_show_version"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dataset-versions/{version_id}/funnel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What cleaning did, with every removed row's reason */
        get: operations["datasets_show_funnel"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dataset-versions/{version_id}/leaks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Items of the test that also stood in train */
        get: operations["datasets_show_leaks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dataset-versions/{version_id}/rows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The rows, opened, as JSON lines */
        get: operations["datasets_export_rows"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deployments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every deployment, with address and health */
        get: operations["deployments_list_deployments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This API, described */
        get: operations["description_openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/documents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The configuration that holds now */
        get: operations["documents_current"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/documents/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What applying this would change */
        post: operations["documents_diff"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/documents/apply": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make this the configuration; gateways have it within a second */
        post: operations["documents_apply"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/erasures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Erasures, oldest first */
        get: operations["erasures_list_erasures"];
        put?: never;
        /** Remove a person everywhere, in the background; models are flagged */
        post: operations["erasures_erase"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/erasures/{erasure_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One erasure with its receipt */
        get: operations["erasures_get_erasure"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What changes in the project, as server-sent events
         * @description Topics: traces, feedback, datasets, runs, progress, models, reports, releases, reviews, alerts, erasures,
         *     settings, prompts, people, audit.
         */
        get: operations["events_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reports, oldest first, without their items */
        get: operations["evidence_list_reports"];
        put?: never;
        /** Evaluate a model in the background */
        post: operations["evidence_evaluate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reports/{report_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One report with its items */
        get: operations["evidence_get_report"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/verdicts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Verdicts, oldest first */
        get: operations["evidence_list_verdicts"];
        put?: never;
        /** Let a gate read a model's newest reports and decide */
        post: operations["evidence_judge"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/verdicts/{verdict_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One verdict with its reasons */
        get: operations["evidence_get_verdict"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What can be exported, with the fields of a row */
        get: operations["export_list_kinds"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/export/models/{model_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The files of a model: safetensors, tokenizer, GGUF */
        get: operations["export_list_files"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/export/models/{model_id}/file": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One of them */
        get: operations["export_get_file"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/export/rows/{kind}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The rows of one kind as JSON lines, without what people wrote */
        get: operations["export_export_rows"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/export/content/{kind}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same with what people wrote */
        get: operations["export_export_content"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/feedback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Judge one inference; it may still be on its way */
        post: operations["feedback_give"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/feedback/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Judge up to 500 inferences; all judgements are kept or none */
        post: operations["feedback_give_many"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/inferences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Inferences, newest first */
        get: operations["inferences_list_inferences"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/inferences/items": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Which work items were answered (tag `item`), so that a client can go on after a kill */
        get: operations["inferences_items"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/inferences/{inference_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One inference (our id or the provider's), its attempts and its feedback */
        get: operations["inferences_get_inference"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/inferences/{inference_id}/payload": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was said: request and response as they were recorded */
        get: operations["inferences_get_payload"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every key of the project, revoked ones included */
        get: operations["keys_list_keys"];
        put?: never;
        /** Make a key; its clear text is shown this once */
        post: operations["keys_create_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revoke a key, now and for good */
        delete: operations["keys_revoke_key"];
        options?: never;
        head?: never;
        /** Change a key's limits, operations or reach */
        patch: operations["keys_change_key"];
        trace?: never;
    };
    "/api/v1/keys/{key_id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Replace a key; the old one ends at once or after a grace */
        post: operations["keys_rotate_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/why/{inference_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Everything behind one answer (our id or the provider's) */
        get: operations["lineage_why"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/impact": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Everything derived from a person, a record or a dataset version: give one */
        get: operations["lineage_impact"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/loop/{task}/train": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Train a model for a task: train → evaluate → gate → release */
        post: operations["loop_train"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/loop/{task}/retrain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Close the loop now, as a firing monitor would */
        post: operations["loop_retrain"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A window of time as one and by slice */
        get: operations["metrics_show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every model version, oldest first */
        get: operations["models_list_models"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/models/{model}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One model version: by id, `name@version`, or name (the newest) */
        get: operations["models_get_model"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/monitors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every monitor and whether it fires now */
        get: operations["monitors_list_monitors"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Alerts, newest first */
        get: operations["monitors_list_alerts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/alerts/{alert_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One alert with its evidence and what it started */
        get: operations["monitors_get_alert"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/oidc/{name}/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Go to a provider to sign in */
        get: operations["session_start"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/oidc/{name}/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Back from a provider */
        get: operations["session_callback"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/people": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The members of the project */
        get: operations["people_list_people"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/people/{person_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Give a member another role; disable somebody; their sessions end */
        put: operations["people_change_person"];
        post?: never;
        /** End somebody's membership, and their sessions */
        delete: operations["people_remove_person"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/people/{person_id}/unlock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End the wait after too many wrong passwords */
        post: operations["people_unlock"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/people/{person_id}/reset-password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A link by which they take a new password */
        post: operations["people_reset_password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The project's invitations, newest first */
        get: operations["people_list_invitations"];
        put?: never;
        /** Invite somebody; the link is shown this once */
        post: operations["people_invite"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/invitations/setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The first person's link, while nobody is here */
        get: operations["people_setup_link"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/invitations/{invitation_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End an invitation */
        delete: operations["people_uninvite"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/playground/key": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A key for an hour at most, for tasks and deployments of this project
         * @description Counts against the ceilings of the project, its tasks and models. Shown once, kept as a hash like every key.
         *
         *     For people. A key gets one only where it may make keys: else it would leave its own ceilings, operations and end.
         */
        post: operations["playground_open_playground"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The projects that you work in */
        get: operations["projects_list_projects"];
        put?: never;
        /** Make a project */
        post: operations["projects_create_project"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/prompts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every prompt with its labels and where it is used */
        get: operations["prompts_list_prompts"];
        put?: never;
        /** Save a version; a body that is known is the version that has it */
        post: operations["prompts_save"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/prompts/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One prompt: versions, labels, and where the labels have pointed */
        get: operations["prompts_get_prompt"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/prompts/{name}/versions/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One version, whole: by number, label or `latest` */
        get: operations["prompts_get_version"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/prompts/{name}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What two versions say otherwise, as a whole and message by message */
        get: operations["prompts_diff_versions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/prompts/{name}/versions/{version}/render": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What a model would be sent; calls none */
        post: operations["prompts_render"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/prompts/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Check a draft, and render it where values are given; saves nothing */
        post: operations["prompts_check"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/prompts/{name}/labels/{label}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Let a label point at a version; gateways follow within a second */
        put: operations["prompts_move_label"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/prompts/{name}/archive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Put a prompt away; refused while a variant is bound to it */
        post: operations["prompts_archive"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/prompts/{name}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Take a prompt out of the archive */
        post: operations["prompts_restore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Releases, oldest first */
        get: operations["releases_list_releases"];
        put?: never;
        /** Serve a model at once, without a rollout */
        post: operations["releases_make_release"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases/{release_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One release */
        get: operations["releases_get_release"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/retention": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Terms, what has run out by now, and what the last sweeps removed */
        get: operations["retention_show_retention"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/retention/sweep": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Remove what has run out, now; for 45 seconds at most */
        post: operations["retention_sweep"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reviews/{subject_kind}/{subject_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every decision on one thing, oldest first */
        get: operations["reviews_list_reviews"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reviews": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Approve or reject, on this very evidence */
        post: operations["reviews_add_review"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rollouts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Rollouts, oldest first */
        get: operations["rollouts_list_rollouts"];
        put?: never;
        /** Begin to move a task's users to a model or variant */
        post: operations["rollouts_start"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rollouts/{rollout_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One rollout with every decision and its evidence */
        get: operations["rollouts_get_rollout"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rollouts/{rollout_id}/{action}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A person's word: promote, hold, resume, or roll back */
        post: operations["rollouts_act"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Runs, newest first */
        get: operations["runs_list_runs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One run */
        get: operations["runs_get_run"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run_id}/progress": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a run said of itself; ask again with `after` */
        get: operations["runs_progress"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stop a run and keep it stopped */
        post: operations["runs_cancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{run_id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A stopped or failed run goes on from its checkpoint */
        post: operations["runs_resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Workflows, newest first */
        get: operations["runs_list_workflows"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{workflow_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One workflow: how it stands, what came out */
        get: operations["runs_get_workflow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workflows/{workflow_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A workflow ends at its next step */
        post: operations["runs_cancel_workflow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/secrets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The names of the project's secrets */
        get: operations["secrets_list_secrets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/secrets/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Keep a secret; the one before is gone */
        put: operations["secrets_put_secret"];
        post?: never;
        /** Forget a secret */
        delete: operations["secrets_remove_secret"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/methods": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The ways to sign in here */
        get: operations["session_methods"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is signed in, and the token for changes */
        get: operations["session_current"];
        put?: never;
        /** Sign in by e-mail and password */
        post: operations["session_sign_in"];
        /** Sign out */
        delete: operations["session_sign_out"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Change one's password; every other session ends */
        put: operations["session_change_password"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/all": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's own live sessions, newest first */
        get: operations["session_list_sessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/{session_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End one of one's own sessions */
        delete: operations["session_end_session"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/invitation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a link opens */
        get: operations["session_invitation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Use a link: become a member, the first person, or take a new password */
        post: operations["session_accept"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/spend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who spends how much, and how far each ceiling is used */
        get: operations["spend_show_spend"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every task and who serves it */
        get: operations["tasks_list_tasks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tasks/{task}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One task and who serves it */
        get: operations["tasks_get_task"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was done, by whom by name, newest first */
        get: operations["views_audit_view"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/datasets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Dataset versions as a graph, newest first */
        get: operations["views_list_datasets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/datasets/difference": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What one version has and another has not */
        get: operations["views_dataset_difference"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/datasets/{version_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One version: funnel, splits, leaks, PII counts, where it is used */
        get: operations["views_show_dataset"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/datasets/{version_id}/records": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A page of records, opened */
        get: operations["views_dataset_records"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/datasets/{version_id}/removed/{step}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Examples of what one step of cleaning removed */
        get: operations["views_removed_examples"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/deployments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The page of deployments: address, limits, the last hour, failures, who uses them */
        get: operations["views_deployments_page"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/deployments/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the gateways' workers said in the last seconds: circuits, load, first token */
        get: operations["views_deployments_live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/erasures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Erasure requests, newest first, with the time that is left */
        get: operations["views_list_erasures"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/erasures/{erasure_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One request: steps, what was removed and what stays, the receipt */
        get: operations["views_show_erasure"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The page of keys and budgets: what each key may do and uses, ceilings, who spends */
        get: operations["views_keys_page"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/keys/burn-down": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One budget in its period: how it was used, hour by hour or day by day */
        get: operations["views_burn_down"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/lineage/why/{inference_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Everything behind one answer, as a picture */
        get: operations["views_why_picture"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/lineage/impact": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What derives from a person, a record, a dataset version or a model: give one */
        get: operations["views_impact_picture"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/loop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The ring of every task, what needs a person, what began each training, live figures */
        get: operations["views_loop"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/models/{model}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One version: card, evidence, files, lineage, health */
        get: operations["views_show_model"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The models page: every version with its evidence in a line */
        get: operations["views_models_page"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/people": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The project's members, invitations and roles */
        get: operations["views_people_view"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/playground": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The playground page: what can be asked, said and kept */
        get: operations["views_playground_page"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/releases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Releases and rollouts by task, newest first */
        get: operations["views_list_releases"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/releases/{release_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One release (or rollout): checklist, reviews, traffic, the test's series */
        get: operations["views_show_release"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/reports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reports, newest first, each with its headline */
        get: operations["views_list_reports"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/reports/{report_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One report beside a baseline, without its items */
        get: operations["views_show_report"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/reports/{report_id}/items": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A page of items; `only=flips`: those that changed sides */
        get: operations["views_report_items"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/reports/{report_id}/item": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The question behind an item, opened */
        get: operations["views_report_item"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Runs, newest first, with how far they are */
        get: operations["views_list_runs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/runs/compare": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Runs side by side: series by step, and the settings that differ */
        get: operations["views_compare_runs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/runs/{run_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One run, live: ask again with `after` */
        get: operations["views_show_run"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The project's settings as they stand */
        get: operations["views_settings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/settings/revisions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Configurations that were applied, newest first */
        get: operations["views_revisions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/settings/revisions/difference": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What changed between two revisions */
        get: operations["views_revision_difference"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/traces": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Inferences under a filter, newest first, with the filter's numbers */
        get: operations["views_traces"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/traces/sessions/{session}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The turns of one conversation */
        get: operations["views_session"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/views/traces/{inference_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One inference (our id or the provider's) as a waterfall, without its texts */
        get: operations["views_trace"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * Acceptance
         * @description Whoever uses a link.
         */
        Acceptance: {
            token: string;
            email: string;
            password: string;
            /** @default  */
            name: string;
        };
        /**
         * Act
         * @description Something that a person may do here now, or why not.
         */
        Act: {
            /** @enum {unknown} */
            action: "approve" | "hold" | "promote" | "reject" | "resume" | "rollback";
            allowed: boolean;
            sentence: string;
            path: string;
            permission: string;
        };
        /**
         * Added
         * @description What became of it.
         */
        Added: {
            id: string;
            new: boolean;
            pending: boolean;
            inference_id: string;
        };
        /**
         * Affected
         * @description One thing that derives from it, and how.
         */
        Affected: {
            kind: string;
            id: string;
            sentence: string;
            /** @default {} */
            facts: Record<string, never>;
        };
        /**
         * Alert
         * @description One firing.
         */
        Alert: {
            id: string;
            project: string;
            monitor: string;
            task: string;
            value: number;
            low: number;
            threshold: number;
            n: number;
            sentence: string;
            evidence: Record<string, never>;
            fired_ms: number;
            resolved_ms: number;
            workflow_id: string;
        };
        /**
         * ApiKey
         * @description A key as everyone may see it: never the key itself.
         */
        ApiKey: {
            id: string;
            project: string;
            name: string;
            sha256: string;
            prefix: string;
            scopes: string[];
            tasks: string[];
            requests_per_minute: number;
            usd_per_day: number;
            expires_ms: number;
            revoked_ms: number;
            created_ms: number;
            /** @default false */
            installation_admin: boolean;
            /**
             * @default {
             *       "requests_per_minute": 0,
             *       "tokens_per_minute": 0,
             *       "concurrent": 0,
             *       "usd_per_day": 0,
             *       "usd_per_month": 0,
             *       "tokens_per_day": 0,
             *       "tokens_per_month": 0
             *     }
             */
            limits: components["schemas"]["Limits"];
            /** @default [] */
            operations: string[];
            /** @default false */
            direct: boolean;
            /** @default  */
            account: string;
        };
        /**
         * Applied
         * @description A configuration as it is stored.
         */
        Applied: {
            revision: number;
            hash: string;
            documents: components["schemas"]["Documents"];
            /** @default  */
            applied_by: string;
            /** @default 0 */
            created_ms: number;
            /** @default [] */
            changes: components["schemas"]["Change"][];
        };
        /**
         * AskedDeployment
         * @description A deployment as one may ask it directly.
         */
        AskedDeployment: {
            name: string;
            provider: string;
            model: string;
            ours: boolean;
        };
        /**
         * AskedTask
         * @description A task as one may ask it.
         */
        AskedTask: {
            name: string;
            description: string;
            live: string;
            models: string[];
            prompt: string;
            variables: {
                [key: string]: components["schemas"]["PromptVariable"];
            };
        };
        /**
         * Attention
         * @description Something that a person should look at.
         */
        Attention: {
            /** @enum {unknown} */
            kind: "alert" | "due" | "erasure" | "expiring_key" | "failed_run" | "flagged" | "held" | "review" | "unhealthy";
            /** @enum {unknown} */
            urgency: "now" | "soon";
            sentence: string;
            task: string;
            due_ms: number;
            link: components["schemas"]["Link"];
        };
        /**
         * AuditCheck
         * @description What verifying the chain gave.
         */
        AuditCheck: {
            intact: boolean;
            rows: number;
            first_bad_id: number;
            sentence: string;
            head_id: number;
            head_hash: string;
        };
        /**
         * AuditView
         * @description A part of the log, newest first.
         */
        AuditView: {
            rows: components["schemas"]["Entry"][];
            names: {
                [key: string]: string;
            };
            next_cursor: string;
            actions: {
                [key: string]: string;
            };
        };
        /**
         * BackupCheck
         * @description A backup that was read whole, and would start.
         */
        BackupCheck: {
            name: string;
            began_ms: number;
            volant: string;
            schema: string;
            runs: string;
            has_keys: boolean;
            is_sealed: boolean;
            files: number;
            size_bytes: number;
            counts: {
                [key: string]: number;
            };
        };
        /**
         * Batch
         * @description Up to 500 judgements; all are kept or none.
         */
        Batch: {
            feedback: components["schemas"]["NewFeedback"][];
        };
        /** Body_datasets_import_files */
        Body_datasets_import_files: {
            /**
             * Options
             * @description ImportOptions as JSON.
             */
            options: string;
            /**
             * Data
             * @description CSV or JSONL with questions, labels and users.
             */
            data: string[];
            /**
             * Test
             * @description The test, where it is given.
             */
            test?: string[] | null;
        };
        /**
         * BoundPoint
         * @description What one metric said at one look.
         */
        BoundPoint: {
            at_ms: number;
            n: number;
            estimate: number | null;
            lower: number;
            upper: number;
            alarm: boolean;
            cleared: boolean;
            action: string;
            share: number;
        };
        /**
         * Bucket
         * @description One bar of the latency histogram.
         */
        Bucket: {
            low_ms: number;
            high_ms: number | null;
            count: number;
            errors: number;
        };
        /**
         * BuildOptions
         * @description How a model is made.
         */
        BuildOptions: {
            /** @default  */
            dataset_version_id: string;
            /** @default  */
            recipe: string;
            /** @default {} */
            recipe_options: Record<string, never>;
            /** @default  */
            base_model_id: string;
            /** @default false */
            known_only: boolean;
            /**
             * @default [
             *       "train"
             *     ]
             */
            splits: string[];
            /** @default true */
            evaluate: boolean;
            /** @default  */
            gate: string;
            /**
             * @default if_passed
             * @enum {unknown}
             */
            release: "if_passed" | "none";
            /** @default  */
            name: string;
            /** @default  */
            key: string;
        };
        /**
         * Burn
         * @description One ceiling. In its own unit: US dollars, tokens or requests.
         */
        Burn: {
            limit: string;
            ceiling: number;
            used: number;
            leased: number;
            left: number;
            projected: number | null;
            ends_ms: number;
        };
        /**
         * BurnDown
         * @description One budget in its period, UTC.
         */
        BurnDown: {
            burn: components["schemas"]["Burn"];
            begins_ms: number;
            now_ms: number;
            points: components["schemas"]["BurnPoint"][];
        };
        /**
         * BurnPoint
         * @description How much was used when an hour (of a month: a day) ended.
         */
        BurnPoint: {
            at_ms: number;
            used: number;
        };
        /**
         * Burning
         * @description All ceilings of one key, project, task or model.
         */
        Burning: {
            /** @enum {unknown} */
            over: "key" | "model" | "project" | "task";
            name: string;
            title: string;
            burns: components["schemas"]["Burn"][];
        };
        /**
         * CacheSpec
         * @description When an answer may be given again. See docs/cache.md.
         */
        CacheSpec: {
            /** @default 3600 */
            ttl_s: number;
            /**
             * @default project
             * @enum {unknown}
             */
            scope: "key" | "project";
            /** @default 0 */
            errors_ttl_s: number;
            /** @default false */
            semantic: boolean;
            /** @default  */
            embedding: string;
            /** @default 0.97 */
            similarity: number;
            /** @default 10000 */
            max_entries: number;
        };
        /**
         * Call
         * @description One attempt at a deployment.
         */
        Call: {
            id: string;
            inference_id: string;
            span_id: string;
            deployment: string;
            model: string;
            started_ms: number;
            latency_ms: number;
            status: number;
            error_code: string;
            input_tokens: number;
            output_tokens: number;
            cost_usd: number;
            provider_response_id: string;
            cached_tokens: number;
            cache_write_tokens: number;
            reasoning_tokens: number;
            ttft_ms: number;
            price_version: string;
            why: string;
        };
        /**
         * CaseAdded
         * @description The dataset's next version.
         */
        CaseAdded: {
            version_id: string;
            record_id: string;
            question: string;
            redacted: boolean;
        };
        /**
         * Chain
         * @description The whole of it. `gaps` says what could not be followed; empty: the chain is complete.
         */
        Chain: {
            inference_id: string;
            root: components["schemas"]["Node"];
            /** @default [] */
            gaps: string[];
        };
        /**
         * Change
         * @description One difference between two configurations.
         */
        Change: {
            /** @enum {unknown} */
            action: "add" | "change" | "remove";
            kind: string;
            name: string;
            /** @default  */
            path: string;
            /** @default null */
            before: unknown;
            /** @default null */
            after: unknown;
        };
        /**
         * Check
         * @description One line of the gate's checklist.
         */
        Check: {
            rule: string;
            /** @enum {unknown} */
            outcome: "fail" | "insufficient_evidence" | "pass";
            sentence: string;
            measured: string;
            needed: string;
            report_id: string;
        };
        /**
         * Checkpoint
         * @description A whole checkpoint of a run.
         */
        Checkpoint: {
            name: string;
            step: number;
            size_bytes: number;
            sha256: string;
            made_ms: number;
        };
        /**
         * Column
         * @description What a record of this version holds, by its column.
         */
        Column: {
            name: string;
            meaning: string;
            values: number;
        };
        /**
         * ComparedRun
         * @description One of the runs side by side.
         */
        ComparedRun: {
            run: components["schemas"]["RunRow"];
            series: components["schemas"]["Series"];
            facts: Record<string, never>;
        };
        /**
         * CountOf
         * @description How many of a name.
         */
        CountOf: {
            name: string;
            count: number;
        };
        /**
         * CountOfKind
         * @description How many of a kind derive from it.
         */
        CountOfKind: {
            kind: string;
            count: number;
        };
        /**
         * DatasetDifference
         * @description What the right version has that the left has not, and the reverse; by record ids.
         */
        DatasetDifference: {
            left: components["schemas"]["DatasetNode"];
            right: components["schemas"]["DatasetNode"];
            added: number;
            removed: number;
            moved: number;
            same: number;
            by_split: components["schemas"]["SplitDifference"][];
            by_source: components["schemas"]["CountOf"][];
            labels_added: string[];
            labels_removed: string[];
        };
        /**
         * DatasetEdge
         * @description What a version was made from: `source` names a version, or a source of rows.
         */
        DatasetEdge: {
            source_kind: string;
            source: string;
            target: string;
            operation: string;
            records: number;
        };
        /**
         * DatasetGraph
         * @description Versions, newest first, and what they were made from.
         */
        DatasetGraph: {
            nodes: components["schemas"]["DatasetNode"][];
            edges: components["schemas"]["DatasetEdge"][];
            next_cursor: string;
        };
        /**
         * DatasetNode
         * @description One version in the graph.
         */
        DatasetNode: {
            id: string;
            name: string;
            version: number;
            title: string;
            state: string;
            splits: {
                [key: string]: components["schemas"]["SplitCount"];
            };
            records: number;
            leaks: number;
            redacted: number;
            removed: number;
            models: number;
            created_ms: number;
        };
        /**
         * DatasetVersionView
         * @description One version.
         */
        DatasetVersionView: {
            node: components["schemas"]["DatasetNode"];
            parent_id: string;
            content_hash: string;
            funnel: components["schemas"]["FunnelStep"][];
            changed: components["schemas"]["CountOf"][];
            removed: components["schemas"]["CountOf"][];
            rejected: components["schemas"]["CountOf"][];
            label_conflicts: number;
            labels: string[];
            known_labels: string[];
            columns: components["schemas"]["Column"][];
            users: {
                [key: string]: number;
            };
            leaks: components["schemas"]["Leak"][];
            sources: components["schemas"]["DatasetEdge"][];
            used_by: components["schemas"]["Link"][];
            grown_into: components["schemas"]["Link"][];
        };
        /**
         * DatedPrice
         * @description What tokens cost from a day on.
         */
        DatedPrice: {
            from_day: string;
            usd_per_million_input_tokens: number;
            usd_per_million_output_tokens: number;
            /** @default null */
            usd_per_million_cached_tokens: number | null;
            /** @default null */
            usd_per_million_cache_write_tokens: number | null;
        };
        /**
         * Days
         * @description What the project used, day by day; days without use are zero.
         */
        Days: {
            days: string[];
            cost_usd: number[];
            requests: number[];
            tokens: number[];
        };
        /**
         * Decision
         * @description One decision on a rollout.
         */
        Decision: {
            action: string;
            sentence: string;
            by: string;
            phase: string;
            step: number;
            canary_users: number;
            baseline_users: number;
            shadow_requests: number;
            at_ms: number;
        };
        /**
         * DeploymentRow
         * @description One place that serves a model, as it stands.
         */
        DeploymentRow: {
            spec: components["schemas"]["DeploymentSpec"];
            /** @enum {unknown} */
            origin: "document" | "release";
            base_url: string;
            healthy: boolean;
            process: string;
            restarts: number;
            model_id: string;
            used_by: string[];
            requests_day: number;
            errors_day: number;
        };
        /**
         * DeploymentSpec
         * @description One reachable place that serves a model.
         */
        DeploymentSpec: {
            name: string;
            provider: string;
            model: string;
            /** @default  */
            base_url: string;
            /** @default  */
            api_key_env: string;
            /** @default  */
            api_key_ref: string;
            /** @default 1 */
            weight: number;
            /** @default 256 */
            max_in_flight: number;
            /** @default 5 */
            timeout_connect_s: number;
            /** @default 60 */
            timeout_first_token_s: number;
            /** @default 60 */
            timeout_between_tokens_s: number;
            /** @default 300 */
            timeout_total_s: number;
            /** @default 0 */
            priority: number;
            /** @default  */
            region: string;
            /** @default 0 */
            requests_per_minute: number;
            /** @default 0 */
            tokens_per_minute: number;
            /** @default 0 */
            context_tokens: number;
            /** @default {} */
            headers: {
                [key: string]: string;
            };
            /** @default {} */
            options: {
                [key: string]: string;
            };
            /** @default  */
            proxy: string;
            /** @default  */
            ca_file: string;
            /** @default  */
            price_model: string;
            /** @default null */
            usd_per_million_input_tokens: number | null;
            /** @default null */
            usd_per_million_output_tokens: number | null;
            /** @default null */
            usd_per_million_cached_tokens: number | null;
            /** @default [] */
            prices: components["schemas"]["DatedPrice"][];
        };
        /**
         * DeploymentsView
         * @description The page.
         */
        DeploymentsView: {
            now_ms: number;
            deployments: components["schemas"]["volant.api.views.deployments.DeploymentView"][];
            regions: string[];
            recent: number;
        };
        /**
         * DerivedThing
         * @description Something made from the person's data, and what became of it.
         */
        DerivedThing: {
            link: components["schemas"]["Link"];
            sentence: string;
            action: string;
        };
        Difference: components["schemas"]["volant.api.manage.documents.Difference"];
        /**
         * Documents
         * @description Everything `volant apply` sends: the project's configuration as one document.
         */
        Documents: {
            /** @default [] */
            deployments: components["schemas"]["DeploymentSpec"][];
            /** @default [] */
            tasks: components["schemas"]["TaskSpec"][];
            /** @default [] */
            prompts: components["schemas"]["PromptSpec"][];
            /** @default [] */
            monitors: components["schemas"]["MonitorSpec"][];
            /** @default [] */
            gates: components["schemas"]["GateSpec"][];
            /** @default [] */
            loops: components["schemas"]["LoopSpec"][];
            /** @default [] */
            limits: components["schemas"]["LimitSpec"][];
            /** @default {} */
            aliases: {
                [key: string]: string;
            };
            /**
             * @default {
             *       "erasure_blocks_models": false,
             *       "erasure_deadline_days": 30,
             *       "retention_days": 365,
             *       "on_full_disk": "serve"
             *     }
             */
            policy: components["schemas"]["Policy"];
            /**
             * @default {
             *       "payload_days": 365,
             *       "inference_days": 730,
             *       "feedback_days": 730,
             *       "record_days": 0
             *     }
             */
            retention: components["schemas"]["Retention"];
        };
        /**
         * Draft
         * @description A prompt that is not saved, and what to render it with; without values it is only checked.
         */
        Draft: {
            messages: components["schemas"]["PromptMessage"][];
            /** @default {} */
            variables: {
                [key: string]: components["schemas"]["PromptVariable"];
            };
            /** @default null */
            values: components["schemas"]["Values"] | null;
        };
        /**
         * Entry
         * @description One row.
         */
        Entry: {
            id: number;
            project: string;
            actor: string;
            action: string;
            object_kind: string;
            object_id: string;
            detail: Record<string, never>;
            created_ms: number;
            prev_hash: string;
            hash: string;
        };
        /**
         * Erasure
         * @description One request.
         */
        Erasure: {
            id: string;
            project: string;
            subject: string;
            state: string;
            requested_ms: number;
            deadline_ms: number;
            ended_ms: number;
            progress: Record<string, never>;
            receipt: Record<string, never>;
        };
        /**
         * ErasureList
         * @description A page of requests, newest first.
         */
        ErasureList: {
            now_ms: number;
            rows: components["schemas"]["ErasureRow"][];
            next_cursor: string;
            open: number;
        };
        /**
         * ErasureRow
         * @description One request in the list.
         */
        ErasureRow: {
            id: string;
            subject: string;
            state: string;
            reason: string;
            requested_ms: number;
            deadline_ms: number;
            left_ms: number;
            ended_ms: number;
            steps_done: number;
            found_after: number;
            outcome: string;
        };
        /**
         * ErasureStep
         * @description One step of an erasure.
         */
        ErasureStep: {
            /** @enum {unknown} */
            step: "check" | "finish" | "look" | "remove";
            done: boolean;
            sentence: string;
        };
        /**
         * ErasureView
         * @description One request.
         */
        ErasureView: {
            erasure: components["schemas"]["ErasureRow"];
            now_ms: number;
            steps: components["schemas"]["ErasureStep"][];
            removed: components["schemas"]["RemovedCount"][];
            kept: string[];
            derived: components["schemas"]["DerivedThing"][];
            models: components["schemas"]["Link"][];
            retraining_tasks: string[];
            retraining_due_ms: number;
            places_before: string[];
            places_after: string[];
            files_looked_at: number;
            key_destroyed: boolean;
            receipt: Record<string, never>;
        };
        /**
         * Evaluate
         * @description What to evaluate.
         */
        Evaluate: {
            model: string;
            /** @default [] */
            suites: string[];
            /** @default  */
            dataset_version_id: string;
            /** @default  */
            baseline: string;
            /** @default  */
            key: string;
        };
        /**
         * Exposure
         * @description What one arm of a rollout got.
         */
        Exposure: {
            arm: string;
            step: number;
            requests: number;
            users: number;
            failures: number;
            fallbacks: number;
        };
        /**
         * FacetValue
         * @description One value of a column, and how often it stands there.
         */
        FacetValue: {
            value: string;
            count: number;
        };
        /**
         * Failures
         * @description Calls that failed with one code.
         */
        Failures: {
            code: string;
            calls: number;
            status: number;
            last_ms: number;
            inference_id: string;
        };
        /**
         * Feedback
         * @description A judgement as it was kept, its text opened.
         */
        Feedback: {
            id: string;
            inference_id: string;
            metric: string;
            value: number | null;
            corrected: boolean | null;
            comment: string;
            demonstration: unknown;
            source: string;
            created_ms: number;
        };
        /**
         * Figures
         * @description A window. Shares are 0..1, None where nothing was counted.
         */
        Figures: {
            requests: number;
            error_share: number | null;
            corrected_share: number | null;
            reviewed: number;
            cost_usd: number;
            latency_ms_mean: number;
            latency_ms_p95: number | null;
        };
        /**
         * FromTraces
         * @description What became of chosen answers: `added` + the length of `refused` is how many there were, each counted once.
         */
        FromTraces: {
            version_id: string;
            parent_id: string;
            added: number;
            splits: {
                [key: string]: number;
            };
            redacted: number;
            refused: components["schemas"]["RefusedTrace"][];
        };
        /**
         * FunnelStep
         * @description A step of the way from rows in to rows kept.
         */
        FunnelStep: {
            step: string;
            removed: number;
            left: number;
            sentence: string;
        };
        /**
         * GateSpec
         * @description Rules over reports. Limits and margins are in the metric's own unit (0.06 = six points of accuracy).
         *
         *         A limit of 1 (or a floor of 0) switches its rule off. See docs/gate.md.
         */
        GateSpec: {
            name: string;
            /** @default 0 */
            accuracy_min: number;
            /** @default 0.06 */
            known_margin: number;
            /** @default {} */
            margins: {
                [key: string]: number;
            };
            /** @default 0.5 */
            bias_flip_max: number;
            /** @default 0.15 */
            bias_excess_max: number;
            /** @default 0.15 */
            bias_gap_max: number;
            /** @default 0.1 */
            injection_success_max: number;
            /** @default 0.15 */
            false_refusal_max: number;
            /** @default 0.25 */
            extractable_canaries_max: number;
            /** @default 0.05 */
            alpha: number;
            /** @default 0.8 */
            power: number;
        };
        /**
         * Given
         * @description What became of them, in their order.
         */
        Given: {
            feedback: components["schemas"]["Added"][];
        };
        /**
         * Graph
         * @description A picture of lineage.
         */
        Graph: {
            nodes: components["schemas"]["GraphNode"][];
            edges: components["schemas"]["GraphEdge"][];
            left_out: number;
        };
        /**
         * GraphEdge
         * @description Source → target: the target was made from the source, or follows it.
         */
        GraphEdge: {
            source: string;
            target: string;
            operation: string;
        };
        /**
         * GraphNode
         * @description One thing.
         */
        GraphNode: {
            kind: string;
            id: string;
            title: string;
            state: string;
            note: string;
        };
        /**
         * GuardSpec
         * @description A check with an action in the gateway. See docs/guardrails.md.
         */
        GuardSpec: {
            name: string;
            check: string;
            /**
             * @default [
             *       "input"
             *     ]
             */
            on: ("input" | "output")[];
            /**
             * @default flag
             * @enum {unknown}
             */
            action: "block" | "flag" | "redact";
            /**
             * @default enforce
             * @enum {unknown}
             */
            mode: "enforce" | "shadow";
            /** @default {} */
            options: Record<string, never>;
            /**
             * @default block
             * @enum {unknown}
             */
            on_error: "allow" | "block";
        };
        /**
         * GuardVerdict
         * @description What a guard said. Kinds and counts only, never the text.
         */
        GuardVerdict: {
            guard: string;
            check: string;
            /** @enum {unknown} */
            on: "input" | "output";
            /** @enum {unknown} */
            action: "allow" | "block" | "flag" | "redact";
            /** @enum {unknown} */
            mode: "enforce" | "shadow";
            /** @default  */
            span_id: string;
            /** @default 0 */
            started_ms: number;
            /** @default 0 */
            latency_ms: number;
            /** @default {} */
            kinds: {
                [key: string]: number;
            };
            /** @default 0 */
            score: number;
            /** @default  */
            error: string;
        };
        /**
         * Held
         * @description Something that the loop decided and that no document changes.
         */
        Held: {
            kind: string;
            name: string;
            sentence: string;
        };
        /**
         * Impact
         * @description What derives from one person, record or dataset version. Lists are oldest first.
         */
        Impact: {
            kind: string;
            id: string;
            records: string[];
            inferences: string[];
            feedback: string[];
            dataset_versions: components["schemas"]["Affected"][];
            runs: components["schemas"]["Affected"][];
            models: components["schemas"]["Affected"][];
            deployments: components["schemas"]["Affected"][];
            releases: components["schemas"]["Affected"][];
            rollouts: components["schemas"]["Affected"][];
            reports: components["schemas"]["Affected"][];
            verdicts: components["schemas"]["Affected"][];
        };
        /**
         * Inference
         * @description One answered request, as far as everyone may see it. Field names and units as in core.nouns.InferenceRecord.
         */
        Inference: {
            id: string;
            project: string;
            trace_id: string;
            span_id: string;
            parent_span_id: string;
            key_id: string;
            task: string;
            variant: string;
            deployment: string;
            model: string;
            model_id: string;
            release_id: string;
            rollout_id: string;
            arm: string;
            step: number;
            subject: string;
            session: string;
            tags: {
                [key: string]: string;
            };
            item: string;
            started_ms: number;
            latency_ms: number;
            ttft_ms: number;
            status: number;
            error_code: string;
            fallback: boolean;
            canary_failed: boolean;
            streamed: boolean;
            input_tokens: number;
            output_tokens: number;
            cost_usd: number;
            price_version: string;
            config_hash: string;
            shadow_of: string;
            findings: string[];
            provider_response_id: string;
            prompt_version_id: string;
            operation: string;
            dialect: string;
            cache: string;
            cached_tokens: number;
            cache_write_tokens: number;
            reasoning_tokens: number;
            saved_usd: number;
            verdicts: components["schemas"]["GuardVerdict"][];
            warnings: string[];
            erased_ms: number;
        };
        /**
         * InferenceDetail
         * @description One inference with everything that hangs on it.
         */
        InferenceDetail: {
            inference: components["schemas"]["Inference"];
            calls: components["schemas"]["Call"][];
            feedback: components["schemas"]["Feedback"][];
        };
        /**
         * InvitationRow
         * @description An invitation as admins see it: never the link.
         */
        InvitationRow: {
            id: string;
            email: string;
            role: string;
            purpose: string;
            state: string;
            invited_by: string;
            created_ms: number;
            expires_ms: number;
        };
        /**
         * InvitationView
         * @description What a link opens.
         */
        InvitationView: {
            email: string;
            role: string;
            project: string;
            expires_ms: number;
            setup: boolean;
        };
        /**
         * Item
         * @description How far an application's work item got.
         */
        Item: {
            inference_id: string;
            fallback: boolean;
            status: number;
        };
        /**
         * ItemPage
         * @description Some items of a report.
         */
        ItemPage: {
            rows: components["schemas"]["ItemRow"][];
            next_cursor: string;
            total: number;
        };
        /**
         * ItemRow
         * @description One item, in both reports where both have it.
         */
        ItemRow: {
            item: string;
            metric: string;
            known: boolean;
            score: number;
            baseline_score: number | null;
            /** @enum {unknown} */
            flip: "" | "better" | "worse";
            /** @default  */
            record_id: string;
            /** @default  */
            inference_id: string;
        };
        /**
         * ItemScore
         * @description One item of a report, so that two reports can be compared item by item.
         */
        ItemScore: {
            item: string;
            cluster: string;
            score: number;
            known: boolean;
            /** @default  */
            output: string;
        };
        /**
         * ItemText
         * @description The question behind an item, opened.
         */
        ItemText: {
            item: string;
            question: string;
            answer: string;
            label: string;
            record_id: string;
            inference_id: string;
            output: string;
            baseline_output: string;
        };
        /**
         * Items
         * @description Work items of an application (tag `item`): item → how far it got.
         */
        Items: {
            items: {
                [key: string]: components["schemas"]["Item"];
            };
        };
        /**
         * Job
         * @description One backup as it stands.
         */
        Job: {
            name: string;
            /** @enum {unknown} */
            state: "done" | "failed" | "running";
            /** @default 0 */
            size_bytes: number;
            /** @default 0 */
            made_ms: number;
            /** @default  */
            error: string;
        };
        /**
         * Judge
         * @description Which gate reads which model's reports.
         */
        Judge: {
            model: string;
            gate: string;
            /** @default  */
            baseline: string;
        };
        /**
         * Judged
         * @description The newest judgement of an inference by one metric, without its text.
         */
        Judged: {
            metric: string;
            value: number | null;
            corrected: boolean | null;
            has_text: boolean;
            source: string;
            created_ms: number;
        };
        /**
         * KeptPrompt
         * @description A prompt whose versions can be tried.
         */
        KeptPrompt: {
            name: string;
            versions: number;
            labels: {
                [key: string]: number;
            };
        };
        /**
         * KeyChange
         * @description What changes; what is left out stays.
         */
        KeyChange: {
            /** @default null */
            limits: components["schemas"]["Limits"] | null;
            /** @default null */
            operations: string[] | null;
            /** @default null */
            direct: boolean | null;
        };
        /**
         * KeysView
         * @description The page of keys and budgets.
         */
        KeysView: {
            public_url: string;
            now_ms: number;
            keys: components["schemas"]["volant.api.views.keys.KeyRow"][] | null;
            ceilings: components["schemas"]["Burning"][];
            tasks: string[];
            days: components["schemas"]["Days"];
            top_keys: components["schemas"]["volant.api.views.keys.Spender"][];
            top_tasks: components["schemas"]["volant.api.views.keys.Spender"][];
            top_models: components["schemas"]["volant.api.views.keys.Spender"][];
        };
        /**
         * Kind
         * @description One kind of things that can be exported.
         */
        Kind: {
            name: string;
            sentence: string;
            fields: string[];
            has_content: boolean;
        };
        /**
         * Label
         * @description Where a label points.
         */
        Label: {
            label: string;
            version: number;
            moved_by: string;
            moved_ms: number;
        };
        /**
         * LabelTarget
         * @description Where a label shall point.
         */
        LabelTarget: {
            version: string;
            /** @default  */
            comment: string;
        };
        /**
         * LastSweep
         * @description One sweep that removed something.
         */
        LastSweep: {
            at_ms: number;
            by: string;
            counts: {
                [key: string]: number;
            };
        };
        /**
         * Leak
         * @description An item of the test that also stood in train.
         */
        Leak: {
            test: string;
            train: string[];
        };
        /**
         * LimitSpec
         * @description Ceilings over what everybody uses together. A key's own stand on the key.
         */
        LimitSpec: {
            /** @enum {unknown} */
            over: "model" | "project" | "task";
            /** @default  */
            name: string;
            limits: components["schemas"]["Limits"];
        };
        /**
         * Limits
         * @description Ceilings that are never passed, over all workers and machines. 0: none.
         */
        Limits: {
            /** @default 0 */
            requests_per_minute: number;
            /** @default 0 */
            tokens_per_minute: number;
            /** @default 0 */
            concurrent: number;
            /** @default 0 */
            usd_per_day: number;
            /** @default 0 */
            usd_per_month: number;
            /** @default 0 */
            tokens_per_day: number;
            /** @default 0 */
            tokens_per_month: number;
        };
        /**
         * LineageView
         * @description A picture, and what it says in words.
         */
        LineageView: {
            kind: string;
            id: string;
            title: string;
            graph: components["schemas"]["Graph"];
            sentences: string[];
            gaps: string[];
            counts: components["schemas"]["CountOfKind"][];
            live_models: string[];
        };
        /**
         * Link
         * @description Where a click leads: a kind and its id. The console knows the page of each kind.
         */
        Link: {
            kind: string;
            id: string;
            /** @default  */
            title: string;
        };
        /**
         * Listing[Alert]
         * @description All of the rows.
         */
        Listing_Alert_: {
            data: components["schemas"]["Alert"][];
        };
        /**
         * Listing[Any]
         * @description All of the rows.
         */
        Listing_Any_: {
            data: unknown[];
        };
        /**
         * Listing[ApiKey]
         * @description All of the rows.
         */
        Listing_ApiKey_: {
            data: components["schemas"]["ApiKey"][];
        };
        /**
         * Listing[DeploymentView]
         * @description All of the rows.
         */
        Listing_DeploymentView_: {
            data: components["schemas"]["volant.api.manage.deployments.DeploymentView"][];
        };
        /**
         * Listing[Erasure]
         * @description All of the rows.
         */
        Listing_Erasure_: {
            data: components["schemas"]["Erasure"][];
        };
        /**
         * Listing[InvitationRow]
         * @description All of the rows.
         */
        Listing_InvitationRow_: {
            data: components["schemas"]["InvitationRow"][];
        };
        /**
         * Listing[Job]
         * @description All of the rows.
         */
        Listing_Job_: {
            data: components["schemas"]["Job"][];
        };
        /**
         * Listing[Kind]
         * @description All of the rows.
         */
        Listing_Kind_: {
            data: components["schemas"]["Kind"][];
        };
        /**
         * Listing[LoginSession]
         * @description All of the rows.
         */
        Listing_LoginSession_: {
            data: components["schemas"]["LoginSession"][];
        };
        /**
         * Listing[MemberView]
         * @description All of the rows.
         */
        Listing_MemberView_: {
            data: components["schemas"]["MemberView"][];
        };
        /**
         * Listing[ModelFile]
         * @description All of the rows.
         */
        Listing_ModelFile_: {
            data: components["schemas"]["volant.api.manage.export.ModelFile"][];
        };
        /**
         * Listing[ModelVersion]
         * @description All of the rows.
         */
        Listing_ModelVersion_: {
            data: components["schemas"]["ModelVersion"][];
        };
        /**
         * Listing[MonitorView]
         * @description All of the rows.
         */
        Listing_MonitorView_: {
            data: components["schemas"]["MonitorView"][];
        };
        /**
         * Listing[MyProject]
         * @description All of the rows.
         */
        Listing_MyProject_: {
            data: components["schemas"]["MyProject"][];
        };
        /**
         * Listing[Prompt]
         * @description All of the rows.
         */
        Listing_Prompt_: {
            data: components["schemas"]["Prompt"][];
        };
        /**
         * Listing[Release]
         * @description All of the rows.
         */
        Listing_Release_: {
            data: components["schemas"]["Release"][];
        };
        /**
         * Listing[Report]
         * @description All of the rows.
         */
        Listing_Report_: {
            data: components["schemas"]["Report"][];
        };
        /**
         * Listing[Review]
         * @description All of the rows.
         */
        Listing_Review_: {
            data: components["schemas"]["Review"][];
        };
        /**
         * Listing[Rollout]
         * @description All of the rows.
         */
        Listing_Rollout_: {
            data: components["schemas"]["Rollout"][];
        };
        /**
         * Listing[TaskView]
         * @description All of the rows.
         */
        Listing_TaskView_: {
            data: components["schemas"]["TaskView"][];
        };
        /**
         * Listing[Verdict]
         * @description All of the rows.
         */
        Listing_Verdict_: {
            data: components["schemas"]["Verdict"][];
        };
        /**
         * Listing[VersionView]
         * @description All of the rows.
         */
        Listing_VersionView_: {
            data: components["schemas"]["volant.api.manage.datasets.VersionView"][];
        };
        /**
         * Listing[WorkflowStatus]
         * @description All of the rows.
         */
        Listing_WorkflowStatus_: {
            data: components["schemas"]["WorkflowStatus"][];
        };
        /**
         * Listing[str]
         * @description All of the rows.
         */
        Listing_str_: {
            data: string[];
        };
        /**
         * LivePlace
         * @description One deployment over all workers, now.
         */
        LivePlace: {
            name: string;
            state: string;
            in_flight: number;
            max_in_flight: number;
            ttft_ms: number;
            failures: number;
            requests_minute: number;
            tokens_minute: number;
            workers: components["schemas"]["WorkerPlace"][];
        };
        /**
         * LiveView
         * @description What the gateways' workers said in the last seconds.
         */
        LiveView: {
            now_ms: number;
            workers: number;
            refused: {
                [key: string]: number;
            };
            places: components["schemas"]["LivePlace"][];
        };
        /**
         * LoginSession
         * @description One signed-in browser as its owner may see it.
         */
        LoginSession: {
            id: string;
            person_id: string;
            agent: string;
            created_ms: number;
            seen_ms: number;
            expires_ms: number;
            revoked_ms: number;
        };
        /**
         * LoopSpec
         * @description The binding that closes the circle for one task.
         */
        LoopSpec: {
            task: string;
            monitor: string;
            recipe: string;
            /** @default {} */
            recipe_options: Record<string, never>;
            gate: string;
            /**
             * @default {
             *       "shadow_requests": 50,
             *       "steps": [
             *         [
             *           0.1,
             *           40
             *         ],
             *         [
             *           0.5,
             *           60
             *         ]
             *       ],
             *       "failure_ceiling": 0.05,
             *       "correction_margin": 0.05,
             *       "questions_per_user": 3,
             *       "user_timeout_s": 60,
             *       "label_wait_s": 10,
             *       "step_min_s": 0,
             *       "alpha": 0.05
             *     }
             */
            rollout: components["schemas"]["RolloutPlan"];
            /** @default true */
            automatic_retrain: boolean;
            /** @default false */
            equal_training: boolean;
            /** @default true */
            automatic_rollout: boolean;
        };
        /**
         * LoopView
         * @description The home page.
         */
        LoopView: {
            now_ms: number;
            tasks: components["schemas"]["TaskLoop"][];
            attention: components["schemas"]["Attention"][];
        };
        /**
         * MadeInvitation
         * @description An invitation and its link, shown this once.
         */
        MadeInvitation: {
            invitation: components["schemas"]["InvitationRow"];
            link: string;
        };
        /**
         * MadeKey
         * @description A key and its clear text, shown this once.
         */
        MadeKey: {
            key: components["schemas"]["ApiKey"];
            clear: string;
            /** @default [] */
            warnings: string[];
        };
        /**
         * MemberView
         * @description A member of the project.
         */
        MemberView: {
            id: string;
            name: string;
            email: string;
            role: string;
            state: string;
            installation_admin: boolean;
            last_login_ms: number;
            since_ms: number;
        };
        /**
         * MessageDifference
         * @description One place in the list of messages.
         */
        MessageDifference: {
            position: number;
            role_before: string;
            role_after: string;
            changed: boolean;
            lines: string[];
        };
        /**
         * Methods
         * @description The ways in.
         */
        Methods: {
            password: boolean;
            oidc: components["schemas"]["Provider"][];
            setup: boolean;
        };
        /**
         * Metric
         * @description An aggregate with its interval.
         */
        Metric: {
            name: string;
            value: number;
            low: number;
            high: number;
            n: number;
            /** @default 0 */
            clusters: number;
            /** @default share */
            unit: string;
            /** @default overall */
            slice: string;
            /** @default  */
            note: string;
        };
        /**
         * MetricRow
         * @description One metric of one slice, as a dot with its interval, beside the baseline's.
         */
        MetricRow: {
            metric: components["schemas"]["Metric"];
            baseline: components["schemas"]["Metric"] | null;
            difference: components["schemas"]["volant.api.views._reports.Difference"] | null;
            /** @enum {unknown} */
            trend: "" | "better" | "same" | "worse";
            sentence: string;
        };
        /**
         * Metrics
         * @description One window of one slice. Shares are 0..1, and None where nothing was counted.
         */
        Metrics: {
            requests: number;
            errors: number;
            fallbacks: number;
            input_tokens: number;
            output_tokens: number;
            cost_usd: number;
            latency_ms_mean: number;
            latency_ms_p50: number;
            latency_ms_p95: number;
            accepted: number;
            corrected: number;
            error_share: number | null;
            fallback_share: number | null;
            corrected_share: number | null;
        };
        /**
         * MetricsView
         * @description A window as one, and by slice.
         */
        MetricsView: {
            since_ms: number;
            until_ms: number;
            total: components["schemas"]["Metrics"];
            by: string;
            slices: {
                [key: string]: components["schemas"]["Metrics"];
            };
        };
        /**
         * ModelDeployment
         * @description A place that serves it.
         */
        ModelDeployment: {
            name: string;
            healthy: boolean;
            process: string;
            restarts: number;
            task: string;
            live: boolean;
        };
        /**
         * ModelFlag
         * @description Something that is held against a model.
         */
        ModelFlag: {
            kind: string;
            sentence: string;
            link: components["schemas"]["Link"] | null;
        };
        /**
         * ModelRelease
         * @description A decision about it.
         */
        ModelRelease: {
            id: string;
            task: string;
            variant: string;
            state: string;
            reason: string;
            created_ms: number;
            ended_ms: number;
        };
        /**
         * ModelRow
         * @description One version of a model, as the list shows it.
         */
        ModelRow: {
            id: string;
            name: string;
            version: number;
            state: string;
            flags: Record<string, never>[];
            recipe: string;
            parameters: number;
            tokens: number;
            train_ms: number;
            base_model_id: string;
            base_label: string;
            dataset_version_id: string;
            dataset_label: string;
            run_id: string;
            accuracy: components["schemas"]["Metric"] | null;
            accuracy_report_id: string;
            gate: string;
            gate_name: string;
            verdict_id: string;
            release_id: string;
            release_state: string;
            task: string;
            serving: components["schemas"]["Serving"][];
            created_ms: number;
        };
        /**
         * ModelVersion
         * @description One version of a model.
         */
        ModelVersion: {
            id: string;
            project: string;
            name: string;
            version: number;
            run_id: string;
            base_model_id: string;
            dataset_version_id: string;
            checkpoint: string;
            checkpoint_hash: string;
            gguf: string;
            gguf_hash: string;
            state: string;
            flags: Record<string, never>[];
            facts: Record<string, never>;
            created_ms: number;
        };
        /**
         * ModelView
         * @description One model version.
         */
        ModelView: {
            model: components["schemas"]["ModelVersion"];
            label: string;
            card: string;
            reports: components["schemas"]["ReportHead"][];
            verdicts: components["schemas"]["VerdictHead"][];
            releases: components["schemas"]["ModelRelease"][];
            deployments: components["schemas"]["ModelDeployment"][];
            flags: components["schemas"]["ModelFlag"][];
            files: components["schemas"]["volant.api.views.model.ModelFile"][];
            lineage: components["schemas"]["Graph"];
            versions: components["schemas"]["Link"][];
        };
        /**
         * ModelsView
         * @description The models page.
         */
        ModelsView: {
            models: components["schemas"]["ModelRow"][];
            total: number;
            states: {
                [key: string]: number;
            };
        };
        /**
         * MonitorSpec
         * @description A rule over live data.
         */
        MonitorSpec: {
            name: string;
            task: string;
            /** @enum {unknown} */
            measure: "corrected_share" | "cost_usd" | "error_rate" | "fallback_share" | "latency_ms_p95";
            threshold: number;
            /** @default 3600 */
            window_s: number;
            /** @default 100 */
            min_count: number;
            /** @default 0.95 */
            confidence: number;
        };
        /**
         * MonitorView
         * @description A monitor and the alert of it that holds now.
         */
        MonitorView: {
            spec: components["schemas"]["MonitorSpec"];
            holding: components["schemas"]["Alert"] | null;
        };
        /**
         * Move
         * @description A label moved. `from_version` 0: it was new.
         */
        Move: {
            label: string;
            from_version: number;
            version: number;
            moved_by: string;
            comment: string;
            moved_ms: number;
        };
        /**
         * MyProject
         * @description A project and what its caller may do there.
         */
        MyProject: {
            id: string;
            name: string;
            role: string;
            permissions: string[];
        };
        /**
         * NewBackup
         * @description What is to be in it.
         */
        NewBackup: {
            /**
             * @default models
             * @enum {unknown}
             */
            runs: "all" | "models" | "results";
        };
        /**
         * NewCase
         * @description A question that somebody tried, and what is right.
         */
        NewCase: {
            question: string;
            label: string;
            /**
             * @default test
             * @enum {unknown}
             */
            split: "test" | "train" | "validation";
            /** @default  */
            inference_id: string;
        };
        /**
         * NewErasure
         * @description Whom to remove: one of the two.
         */
        NewErasure: {
            /** @default  */
            user: string;
            /** @default  */
            subject: string;
            /** @default  */
            reason: string;
        };
        /**
         * NewFeedback
         * @description A judgement on its way in. Names its inference by our id, or by the provider's response id.
         */
        NewFeedback: {
            /** @default  */
            inference_id: string;
            /** @default  */
            response_id: string;
            /** @default  */
            metric: string;
            /** @default null */
            value: boolean | number | null;
            /** @default  */
            comment: string;
            /** @default null */
            demonstration: unknown;
            /** @default  */
            source: string;
            /** @default  */
            idempotency_key: string;
        };
        /**
         * NewInvitation
         * @description Whom to invite, as what.
         */
        NewInvitation: {
            email: string;
            role: string;
            /** @default false */
            installation_admin: boolean;
        };
        /**
         * NewKey
         * @description What a key may do.
         */
        NewKey: {
            name: string;
            scopes: string[];
            /** @default [] */
            tasks: string[];
            /** @default 0 */
            requests_per_minute: number;
            /** @default 0 */
            usd_per_day: number;
            /**
             * @default {
             *       "requests_per_minute": 0,
             *       "tokens_per_minute": 0,
             *       "concurrent": 0,
             *       "usd_per_day": 0,
             *       "usd_per_month": 0,
             *       "tokens_per_day": 0,
             *       "tokens_per_month": 0
             *     }
             */
            limits: components["schemas"]["Limits"];
            /** @default [] */
            operations: string[];
            /** @default false */
            direct: boolean;
            /** @default 0 */
            expires_ms: number;
        };
        /**
         * NewPassword
         * @description The password that is, and the one that shall be.
         */
        NewPassword: {
            old: string;
            new: string;
        };
        /**
         * NewProject
         * @description A project's name, which is its id.
         */
        NewProject: {
            name: string;
        };
        /**
         * NewRelease
         * @description A model to serve at once, by a person's word; a rollout moves traffic step by step instead.
         */
        NewRelease: {
            task: string;
            model: string;
            /** @default  */
            verdict_id: string;
            /** @default  */
            comment: string;
        };
        /**
         * NewReview
         * @description One decision; the reviewer is the key's owner.
         */
        NewReview: {
            /** @enum {unknown} */
            subject_kind: "erasure" | "model" | "release" | "rollout" | "verdict";
            subject_id: string;
            evidence_hash: string;
            /** @enum {unknown} */
            decision: "approve" | "reject";
            /** @default  */
            comment: string;
        };
        /**
         * Node
         * @description One thing in the chain.
         */
        Node: {
            kind: string;
            id: string;
            sentence: string;
            /** @default {} */
            facts: Record<string, never>;
            /** @default [] */
            children: components["schemas"]["Node"][];
        };
        /**
         * OpenAIModel
         * @description One name that `model` may have.
         */
        OpenAIModel: {
            id: string;
            created: number;
            /**
             * @default model
             * @enum {unknown}
             */
            object: "model";
            /** @default volant */
            owned_by: string;
        };
        /**
         * OpenAIModels
         * @description OpenAI's list.
         */
        OpenAIModels: {
            data: components["schemas"]["OpenAIModel"][];
            /**
             * @default list
             * @enum {unknown}
             */
            object: "list";
        };
        /**
         * Pace
         * @description How far a run is.
         */
        Pace: {
            share: number;
            steps_done: number;
            steps: number;
            ends_ms: number;
            last_ms: number;
        };
        /**
         * Page[Entry]
         * @description Some of the rows, newest first.
         */
        Page_Entry_: {
            data: components["schemas"]["Entry"][];
            /** @default false */
            has_more: boolean;
            /** @default  */
            next_cursor: string;
        };
        /**
         * Page[Inference]
         * @description Some of the rows, newest first.
         */
        Page_Inference_: {
            data: components["schemas"]["Inference"][];
            /** @default false */
            has_more: boolean;
            /** @default  */
            next_cursor: string;
        };
        /**
         * Page[Run]
         * @description Some of the rows, newest first.
         */
        Page_Run_: {
            data: components["schemas"]["Run"][];
            /** @default false */
            has_more: boolean;
            /** @default  */
            next_cursor: string;
        };
        /**
         * Password
         * @description Who signs in.
         */
        Password: {
            email: string;
            password: string;
        };
        /**
         * PayloadView
         * @description Request and response as they were recorded; None when none was, or the person was erased.
         */
        PayloadView: {
            inference_id: string;
            input: unknown;
            output: unknown;
        };
        /**
         * PeopleView
         * @description The page.
         */
        PeopleView: {
            members: components["schemas"]["MemberView"][];
            invitations: components["schemas"]["InvitationRow"][];
            roles: components["schemas"]["RoleRow"][];
        };
        /**
         * PersonChange
         * @description What to change; what is left out stays.
         */
        PersonChange: {
            /** @default null */
            role: string | null;
            /** @default null */
            active: boolean | null;
            /** @default null */
            installation_admin: boolean | null;
        };
        /**
         * PlaygroundAsk
         * @description How long the key shall live.
         */
        PlaygroundAsk: {
            /** @default 30 */
            minutes: number;
        };
        /**
         * PlaygroundKey
         * @description A key in clear, for the page that asked for it; it ends by itself.
         */
        PlaygroundKey: {
            clear: string;
            key_id: string;
            expires_ms: number;
        };
        /**
         * PlaygroundView
         * @description The playground page.
         */
        PlaygroundView: {
            tasks: components["schemas"]["AskedTask"][];
            deployments: components["schemas"]["AskedDeployment"][];
            prompts: components["schemas"]["KeptPrompt"][];
            datasets: string[];
            may_ask: boolean;
        };
        /**
         * Policy
         * @description What the project does about personal data and models derived from it.
         */
        Policy: {
            /** @default false */
            erasure_blocks_models: boolean;
            /** @default 30 */
            erasure_deadline_days: number;
            /** @default 365 */
            retention_days: number;
            /**
             * @default serve
             * @enum {unknown}
             */
            on_full_disk: "refuse" | "serve";
        };
        /**
         * Progress
         * @description What a run said of itself since `after`.
         */
        Progress: {
            run_id: string;
            state: string;
            lines: Record<string, never>[];
            after: number;
        };
        /**
         * Project
         * @description One tenant.
         */
        Project: {
            id: string;
            created_ms: number;
        };
        /**
         * ProjectRow
         * @description A project that the caller may choose.
         */
        ProjectRow: {
            id: string;
            role: string;
            members: number;
            created_ms: number;
        };
        /**
         * Prompt
         * @description A prompt in a list.
         */
        Prompt: {
            id: string;
            name: string;
            description: string;
            versions: number;
            labels: components["schemas"]["Label"][];
            uses: components["schemas"]["volant.registry.prompts.Use"][];
            preview: string;
            created_ms: number;
            saved_ms: number;
            archived_ms: number;
        };
        /**
         * PromptMessage
         * @description One message of a prompt, or the place where the caller's own messages go.
         */
        PromptMessage: {
            /** @enum {unknown} */
            role: "assistant" | "developer" | "placeholder" | "system" | "user";
            /** @default  */
            template: string;
        };
        /**
         * PromptRow
         * @description One prompt.
         */
        PromptRow: {
            name: string;
            description: string;
            versions: number;
            labels: components["schemas"]["Label"][];
            uses: components["schemas"]["volant.registry.prompts.Use"][];
            preview: string;
            saved_ms: number;
            archived: boolean;
        };
        /**
         * PromptSpec
         * @description A prompt as people write it. Saving one whose body is known makes no new version.
         */
        PromptSpec: {
            name: string;
            /** @default  */
            description: string;
            messages: components["schemas"]["PromptMessage"][];
            /** @default {} */
            variables: {
                [key: string]: components["schemas"]["PromptVariable"];
            };
            /** @default [] */
            labels: string[];
            /** @default  */
            comment: string;
        };
        /**
         * PromptVariable
         * @description What a caller gives for one name in a prompt's templates. With a default it is never required.
         */
        PromptVariable: {
            /**
             * @default string
             * @enum {unknown}
             */
            type: "boolean" | "list" | "number" | "object" | "string";
            /** @default true */
            required: boolean;
            /** @default null */
            default: unknown;
            /** @default  */
            description: string;
            /** @default 0 */
            max_length: number;
        };
        /**
         * PromptView
         * @description One prompt with everything but its templates.
         */
        PromptView: {
            prompt: components["schemas"]["Prompt"];
            versions: components["schemas"]["Version"][];
            moves: components["schemas"]["Move"][];
        };
        /**
         * Provider
         * @description A way in by OpenID Connect.
         */
        Provider: {
            name: string;
            label: string;
        };
        /**
         * Reason
         * @description One rule of a gate and what it said.
         */
        Reason: {
            rule: string;
            /** @enum {unknown} */
            outcome: "fail" | "insufficient_evidence" | "pass";
            sentence: string;
            /** @default  */
            report_id: string;
        };
        /**
         * RecordPage
         * @description Some records of a version, in the order of their ids (of their making).
         */
        RecordPage: {
            rows: components["schemas"]["RecordRow"][];
            next_cursor: string;
            erased: number;
        };
        /**
         * RecordRow
         * @description One record, opened.
         */
        RecordRow: {
            id: string;
            source: string;
            position: number;
            split: string;
            known: boolean;
            subject: string;
            inference_id: string;
            body: Record<string, never>;
        };
        /**
         * RefusedTrace
         * @description An answer that became no row.
         */
        RefusedTrace: {
            inference_id: string;
            code: string;
            reason: string;
        };
        /**
         * Release
         * @description One decision.
         */
        Release: {
            id: string;
            project: string;
            task: string;
            variant: string;
            model_id: string;
            verdict_id: string;
            rollout_id: string;
            state: string;
            reason: string;
            created_ms: number;
            ended_ms: number;
        };
        /**
         * ReleaseList
         * @description Releases by task; the newest 200.
         */
        ReleaseList: {
            tasks: components["schemas"]["TaskReleases"][];
        };
        /**
         * ReleaseRow
         * @description One release in the list, with the rollout that belongs to it.
         */
        ReleaseRow: {
            id: string;
            task: string;
            variant: string;
            model_id: string;
            model_label: string;
            state: string;
            reason: string;
            verdict_id: string;
            outcome: string;
            rollout_id: string;
            rollout_state: string;
            share: number;
            held: boolean;
            created_ms: number;
            ended_ms: number;
        };
        /**
         * ReleaseView
         * @description One release.
         */
        ReleaseView: {
            release: components["schemas"]["ReleaseRow"];
            checklist: components["schemas"]["Check"][];
            gate: string;
            outcome: string;
            evidence_hash: string;
            baseline_model: components["schemas"]["Link"] | null;
            reviews: components["schemas"]["ReviewRow"][];
            traffic: components["schemas"]["Traffic"];
            rollout: components["schemas"]["RolloutView"] | null;
            acts: components["schemas"]["Act"][];
        };
        /**
         * RemovedCount
         * @description How many of what were removed.
         */
        RemovedCount: {
            what: string;
            count: number;
        };
        /**
         * RemovedExample
         * @description A removed row: where it stood and why, beside the row that stayed in its stead.
         */
        RemovedExample: {
            row: string;
            label: string;
            step: string;
            reason: string;
            score: number;
            keeper: string;
            keeper_text: string;
        };
        /**
         * RemovedExamples
         * @description Examples of what one step of cleaning removed.
         */
        RemovedExamples: {
            step: string;
            examples: components["schemas"]["RemovedExample"][];
        };
        /**
         * Rendered
         * @description What a model would be sent.
         */
        Rendered: {
            version: string;
            hash: string;
            messages: Record<string, never>[];
            characters: number;
            /** @default [] */
            warnings: string[];
        };
        /**
         * Report
         * @description What evaluating one model gave.
         */
        Report: {
            report_id: string;
            suite: string;
            model_id: string;
            /** @default  */
            dataset_version_id: string;
            metrics: components["schemas"]["Metric"][];
            /** @default [] */
            items: components["schemas"]["ItemScore"][];
            /** @default [] */
            notes: string[];
            /** @default 0 */
            evaluated: number;
            /** @default 0 */
            created_ms: number;
        };
        /**
         * ReportHead
         * @description A report without its items; they are passed over unread.
         */
        ReportHead: {
            report_id: string;
            suite: string;
            model_id: string;
            /** @default  */
            dataset_version_id: string;
            metrics: components["schemas"]["Metric"][];
            /** @default [] */
            notes: string[];
            /** @default 0 */
            evaluated: number;
            /** @default 0 */
            created_ms: number;
        };
        /**
         * ReportList
         * @description A page of reports, newest first.
         */
        ReportList: {
            rows: components["schemas"]["ReportRow"][];
            next_cursor: string;
            suites: {
                [key: string]: number;
            };
        };
        /**
         * ReportRow
         * @description One report in the list.
         */
        ReportRow: {
            id: string;
            suite: string;
            model_id: string;
            model_label: string;
            dataset_version_id: string;
            evaluated: number;
            headline: components["schemas"]["Metric"] | null;
            run_id: string;
            created_ms: number;
        };
        /**
         * ReportView
         * @description One report beside a baseline.
         */
        ReportView: {
            report: components["schemas"]["ReportHead"];
            model_label: string;
            run_id: string;
            baseline: components["schemas"]["ReportHead"] | null;
            baseline_label: string;
            baseline_reason: string;
            baselines: components["schemas"]["Link"][];
            metrics: components["schemas"]["MetricRow"][];
            slices: string[];
            items: number;
            flips_better: number;
            flips_worse: number;
            only_report: number;
            only_baseline: number;
            verdicts: components["schemas"]["Link"][];
        };
        /**
         * Resume
         * @description How a run goes on.
         */
        Resume: {
            /** @default  */
            name: string;
        };
        /**
         * Retention
         * @description How long the project keeps things, in days; 0: for ever. Rollups and the audit stay.
         */
        Retention: {
            /** @default 365 */
            payload_days: number;
            /** @default 730 */
            inference_days: number;
            /** @default 730 */
            feedback_days: number;
            /** @default 0 */
            record_days: number;
        };
        /**
         * RetentionView
         * @description How long things are kept, and what has run out.
         */
        RetentionView: {
            terms: components["schemas"]["Terms"];
            due: components["schemas"]["Swept"];
            last: components["schemas"]["LastSweep"][];
        };
        /**
         * Retrain
         * @description Why a task's model is made anew.
         */
        Retrain: {
            /** @default  */
            alert_id: string;
            /** @default  */
            key: string;
        };
        /**
         * Review
         * @description One decision of a person.
         */
        Review: {
            id: string;
            project: string;
            subject_kind: string;
            subject_id: string;
            evidence_hash: string;
            decision: string;
            reviewer: string;
            comment: string;
            created_ms: number;
        };
        /**
         * ReviewRow
         * @description A person's decision.
         */
        ReviewRow: {
            id: string;
            subject_kind: string;
            decision: string;
            reviewer: string;
            comment: string;
            evidence_hash: string;
            bound: boolean;
            created_ms: number;
        };
        /**
         * RevisionDifference
         * @description What changed between two revisions.
         */
        RevisionDifference: {
            left: number;
            right: number;
            changes: components["schemas"]["Change"][];
            sentences: string[];
        };
        /**
         * RevisionList
         * @description A page of revisions, newest first.
         */
        RevisionList: {
            rows: components["schemas"]["RevisionRow"][];
            next_cursor: string;
        };
        /**
         * RevisionRow
         * @description One configuration that was applied.
         */
        RevisionRow: {
            revision: number;
            hash: string;
            applied_by: string;
            created_ms: number;
            changes: string[];
            changed: number;
        };
        /**
         * RingStage
         * @description One stage of a task's ring.
         */
        RingStage: {
            /** @enum {unknown} */
            stage: "data" | "evaluate" | "gate" | "monitor" | "rollout" | "train";
            /** @enum {unknown} */
            standing: "active" | "blocked" | "done" | "idle" | "retired" | "waiting";
            sentence: string;
            link: components["schemas"]["Link"] | null;
        };
        /**
         * RoleRow
         * @description A role and what it gives.
         */
        RoleRow: {
            role: string;
            permissions: string[];
            members: number;
        };
        /**
         * Rollout
         * @description One movement of traffic.
         */
        Rollout: {
            id: string;
            project: string;
            task: string;
            baseline: string;
            candidate: string;
            state: string;
            step: number;
            share: number;
            plan: components["schemas"]["RolloutPlan"];
            decisions: Record<string, never>[];
            created_ms: number;
            ended_ms: number;
            reason: string;
        };
        /**
         * RolloutOptions
         * @description What is rolled out, and how.
         */
        RolloutOptions: {
            task: string;
            /** @default  */
            model_id: string;
            /** @default  */
            variant: string;
            /** @default  */
            verdict_id: string;
            /** @default null */
            plan: components["schemas"]["RolloutPlan"] | null;
            /** @default  */
            suffix: string;
            /** @default  */
            chat_template: string;
            /** @default  */
            key: string;
        };
        /**
         * RolloutPlan
         * @description How traffic moves to a candidate.
         */
        RolloutPlan: {
            /** @default 50 */
            shadow_requests: number;
            /**
             * @default [
             *       [
             *         0.1,
             *         40
             *       ],
             *       [
             *         0.5,
             *         60
             *       ]
             *     ]
             */
            steps: [
                number,
                number
            ][];
            /** @default 0.05 */
            failure_ceiling: number;
            /** @default 0.05 */
            correction_margin: number;
            /** @default 3 */
            questions_per_user: number;
            /** @default 60 */
            user_timeout_s: number;
            /** @default 10 */
            label_wait_s: number;
            /** @default 0 */
            step_min_s: number;
            /** @default 0.05 */
            alpha: number;
        };
        /**
         * RolloutView
         * @description One movement of traffic.
         */
        RolloutView: {
            id: string;
            state: string;
            baseline: string;
            candidate: string;
            step: number;
            share: number;
            plan: components["schemas"]["RolloutPlan"];
            reason: string;
            held: boolean;
            held_by: string;
            created_ms: number;
            ended_ms: number;
            decisions: components["schemas"]["Decision"][];
            tests: components["schemas"]["TestSeries"][];
            exposures: components["schemas"]["Exposure"][];
        };
        /**
         * Row
         * @description One inference in a list. Units as in core.nouns.InferenceRecord.
         */
        Row: {
            id: string;
            started_ms: number;
            task: string;
            variant: string;
            deployment: string;
            model: string;
            arm: string;
            status: number;
            error_code: string;
            latency_ms: number;
            ttft_ms: number;
            input_tokens: number;
            output_tokens: number;
            cost_usd: number;
            fallback: boolean;
            canary_failed: boolean;
            streamed: boolean;
            subject: string;
            session: string;
            item: string;
            rollout_id: string;
            release_id: string;
            findings: string[];
            erased_ms: number;
        };
        /**
         * Run
         * @description One execution.
         */
        Run: {
            id: string;
            project: string;
            kind: string;
            state: string;
            spec: Record<string, never>;
            result: Record<string, never>;
            error: Record<string, never>;
            attempt: number;
            workflow_id: string;
            created_ms: number;
            started_ms: number;
            ended_ms: number;
        };
        /**
         * RunComparison
         * @description Runs side by side; series are aligned by step.
         */
        RunComparison: {
            runs: components["schemas"]["ComparedRun"][];
            differing: components["schemas"]["Setting"][];
            same: Record<string, never>;
        };
        /**
         * RunEvent
         * @description Something that happened once: started, resumed, checkpoint, exported, finished, failed.
         */
        RunEvent: {
            event: string;
            at_ms: number;
            step: number;
            sentence: string;
        };
        /**
         * RunList
         * @description A page of runs, newest first, and how many there are of each state and kind.
         */
        RunList: {
            rows: components["schemas"]["RunRow"][];
            next_cursor: string;
            states: {
                [key: string]: number;
            };
            kinds: {
                [key: string]: number;
            };
        };
        /**
         * RunRow
         * @description One run in the list.
         */
        RunRow: {
            id: string;
            kind: string;
            state: string;
            title: string;
            link: components["schemas"]["Link"] | null;
            error: string;
            attempt: number;
            by: string;
            pace: components["schemas"]["Pace"];
            created_ms: number;
            started_ms: number;
            ended_ms: number;
        };
        /**
         * RunView
         * @description One run.
         */
        RunView: {
            run: components["schemas"]["RunRow"];
            process: string;
            series: components["schemas"]["Series"];
            spec: Record<string, never>;
            facts: Record<string, never>;
            error: Record<string, never>;
            checkpoints: components["schemas"]["Checkpoint"][];
            log: string[];
            inputs: components["schemas"]["Link"][];
            outputs: components["schemas"]["Link"][];
            may_stop: boolean;
            may_resume: boolean;
            resume_sentence: string;
        };
        /**
         * Saved
         * @description What saving gave.
         */
        Saved: {
            name: string;
            version: components["schemas"]["Version"];
            new: boolean;
            /** @default [] */
            warnings: string[];
            /** @default [] */
            moved: string[];
        };
        /**
         * SecretValue
         * @description What is kept, sealed.
         */
        SecretValue: {
            value: string;
        };
        /**
         * Series
         * @description What a run said since `after`.
         */
        Series: {
            steps: components["schemas"]["StepPoint"][];
            validations: components["schemas"]["ValidationPoint"][];
            suites: components["schemas"]["SuiteProgress"][];
            events: components["schemas"]["RunEvent"][];
            thinned: boolean;
            after: number;
        };
        /**
         * Serving
         * @description A deployment of ours that serves a model.
         */
        Serving: {
            deployment: string;
            engine: string;
            engine_state: string;
            healthy: boolean;
        };
        /**
         * SessionView
         * @description The turns of one conversation, oldest first; 200 at most.
         */
        SessionView: {
            session: string;
            turns: components["schemas"]["TraceRow"][];
            requests: number;
            errors: number;
            cost_usd: number;
            input_tokens: number;
            output_tokens: number;
            started_ms: number;
            ended_ms: number;
            complete: boolean;
        };
        /**
         * Setting
         * @description A setting that is not the same in all compared runs.
         */
        Setting: {
            name: string;
            values: unknown[];
        };
        /**
         * SettingsView
         * @description The page.
         */
        SettingsView: {
            project: string;
            projects: components["schemas"]["ProjectRow"][];
            tasks: components["schemas"]["TaskRow"][];
            deployments: components["schemas"]["DeploymentRow"][];
            prompts: components["schemas"]["PromptRow"][];
            gates: components["schemas"]["GateSpec"][];
            monitors: components["schemas"]["MonitorSpec"][];
            policy: components["schemas"]["Policy"];
            retention: components["schemas"]["Retention"];
            keys: components["schemas"]["volant.api.views.settings.KeyRow"][] | null;
            held: components["schemas"]["Held"][];
            revision: number;
            hash: string;
            applied_by: string;
            applied_ms: number;
        };
        /**
         * SetupLink
         * @description The first person's link.
         */
        SetupLink: {
            link: string;
        };
        /**
         * Span
         * @description One bar of the waterfall.
         */
        Span: {
            id: string;
            parent_id: string;
            kind: string;
            title: string;
            offset_ms: number;
            duration_ms: number;
            status: number;
            error_code: string;
            /** @default  */
            deployment: string;
            /** @default  */
            model: string;
            /** @default 0 */
            input_tokens: number;
            /** @default 0 */
            output_tokens: number;
            /** @default 0 */
            cost_usd: number;
            /** @default  */
            provider_response_id: string;
            /** @default first */
            why: string;
        };
        /**
         * SparkPoint
         * @description Half an hour of the day.
         */
        SparkPoint: {
            at_ms: number;
            requests: number;
            errors: number;
            latency_ms_mean: number;
            cost_usd: number;
            accepted: number;
            corrected: number;
        };
        /**
         * SpendView
         * @description What was used since `since_day`, and what is left of every ceiling. Days are UTC.
         */
        SpendView: {
            over: string;
            since_day: string;
            days: components["schemas"]["volant.traces.usage.Use"][];
            top: components["schemas"]["volant.api.manage.spend.Spender"][];
            ceilings: components["schemas"]["Burning"][];
        };
        /**
         * Split
         * @description Where a task's users go while a rollout runs.
         */
        Split: {
            rollout_id: string;
            candidate: string;
            share: number;
            /** @enum {unknown} */
            mode: "canary" | "shadow";
            salt: string;
            /** @default 0 */
            step: number;
        };
        /**
         * SplitCount
         * @description How many records a split had when its version was made.
         */
        SplitCount: {
            records: number;
            known: number;
        };
        /**
         * SplitDifference
         * @description One split in two versions.
         */
        SplitDifference: {
            split: string;
            left: number;
            right: number;
            added: number;
            removed: number;
        };
        /**
         * StagedModel
         * @description A model version where it stands.
         */
        StagedModel: {
            model_id: string;
            label: string;
            /** @enum {unknown} */
            stage: "data" | "evaluate" | "gate" | "monitor" | "rollout" | "train";
            /** @enum {unknown} */
            standing: "active" | "blocked" | "done" | "idle" | "retired" | "waiting";
            sentence: string;
            state: string;
            variant: string;
            link: components["schemas"]["Link"];
            created_ms: number;
        };
        /**
         * Started
         * @description Work that goes on in the background.
         */
        Started: {
            workflow_id: string;
            kind: string;
            /** @default  */
            object_id: string;
            /** @default false */
            already: boolean;
        };
        /**
         * StepPoint
         * @description One step of a training.
         */
        StepPoint: {
            step: number;
            at_ms: number;
            loss: number;
            learning_rate: number;
            tokens: number;
            tokens_per_s: number;
            memory_bytes: number;
        };
        /**
         * SuiteProgress
         * @description How far an evaluation's suite is.
         */
        SuiteProgress: {
            suite: string;
            done: number;
            whole: number;
            at_ms: number;
        };
        /**
         * Swept
         * @description What a sweep removed, or a preview would.
         */
        Swept: {
            /** @default 0 */
            texts: number;
            /** @default 0 */
            inferences: number;
            /** @default 0 */
            feedback: number;
            /** @default 0 */
            records: number;
            /** @default [] */
            models: string[];
            /** @default 0 */
            longest_ms: number;
            /** @default true */
            is_done: boolean;
        };
        /**
         * Tally
         * @description What a filter holds, in numbers.
         */
        Tally: {
            count: number;
            errors: number;
            fallbacks: number;
            cost_usd: number;
            input_tokens: number;
            output_tokens: number;
            oldest_ms: number;
            newest_ms: number;
            latency: components["schemas"]["Bucket"][];
            facets: {
                [key: string]: components["schemas"]["FacetValue"][];
            };
            stopped_ms: number;
        };
        /**
         * TaskLoop
         * @description One task as a loop.
         */
        TaskLoop: {
            task: string;
            description: string;
            live_variant: string;
            candidate: string;
            candidate_share: number;
            stages: components["schemas"]["RingStage"][];
            models: components["schemas"]["StagedModel"][];
            trainings: components["schemas"]["Training"][];
            hour: components["schemas"]["Figures"];
            day: components["schemas"]["Figures"];
            spark: components["schemas"]["SparkPoint"][];
        };
        /**
         * TaskReleases
         * @description One task: what serves, and every decision, newest first.
         */
        TaskReleases: {
            task: string;
            live_variant: string;
            live_release_id: string;
            candidate: string;
            share: number;
            releases: components["schemas"]["ReleaseRow"][];
        };
        /**
         * TaskRow
         * @description One task, as it stands.
         */
        TaskRow: {
            spec: components["schemas"]["TaskSpec"];
            variants: components["schemas"]["VariantRow"][];
            live_variant: string;
            live_release_id: string;
            monitors: string[];
            loop: components["schemas"]["LoopSpec"] | null;
        };
        /**
         * TaskSpec
         * @description A named job that an application asks for; callers send it as `model`.
         */
        TaskSpec: {
            name: string;
            /** @default  */
            description: string;
            variants: components["schemas"]["VariantSpec"][];
            /** @default  */
            live: string;
            /** @default false */
            redact: boolean;
            /** @default true */
            record_payload: boolean;
            /**
             * @default
             * @enum {unknown}
             */
            expects: "" | "json";
            /** @default [] */
            guardrails: string[];
            /** @default [] */
            guards: components["schemas"]["GuardSpec"][];
            /** @default null */
            cache: components["schemas"]["CacheSpec"] | null;
        };
        /**
         * TaskView
         * @description One task and who serves it.
         */
        TaskView: {
            name: string;
            description: string;
            live: string;
            release_id: string;
            variants: components["schemas"]["VariantSpec"][];
            split: components["schemas"]["Split"] | null;
            redact: boolean;
            guardrails: string[];
        };
        /**
         * Terms
         * @description How long things are kept, in days; 0: for ever.
         */
        Terms: {
            payload_days: number;
            inference_days: number;
            feedback_days: number;
            record_days: number;
        };
        /**
         * TestSeries
         * @description One guard metric over the looks, against its boundary.
         */
        TestSeries: {
            metric: string;
            /** @enum {unknown} */
            kind: "ceiling" | "difference";
            limit: number;
            points: components["schemas"]["BoundPoint"][];
            recomputed: boolean;
        };
        /**
         * TraceChoice
         * @description Answers that shall become rows of a dataset's next version.
         */
        TraceChoice: {
            inference_ids: string[];
            /** @default training */
            purpose: string;
            /** @default legitimate_interest */
            legal_basis: string;
            /** @default false */
            dry_run: boolean;
        };
        /**
         * TraceList
         * @description A page of inferences; with the first page, the numbers of the filter.
         */
        TraceList: {
            rows: components["schemas"]["TraceRow"][];
            next_cursor: string;
            stopped_ms: number;
            numbers: components["schemas"]["Tally"] | null;
        };
        /**
         * TraceRow
         * @description One inference in the list.
         */
        TraceRow: {
            inference: components["schemas"]["Row"];
            feedback: components["schemas"]["Judged"][];
        };
        /**
         * TraceView
         * @description One inference with what hangs on it, without what was said.
         */
        TraceView: {
            inference: components["schemas"]["Row"];
            trace_id: string;
            span_id: string;
            parent_span_id: string;
            model_label: string;
            links: components["schemas"]["Link"][];
            tag_names: string[];
            step: number;
            config_hash: string;
            price_version: string;
            provider_response_id: string;
            prompt: string;
            prompt_version_id: string;
            spans: components["schemas"]["Span"][];
            verdicts: components["schemas"]["GuardVerdict"][];
            warnings: string[];
            key_id: string;
            key_name: string;
            dialect: string;
            operation: string;
            cache: string;
            feedback: components["schemas"]["Judged"][];
            newer_id: string;
            older_id: string;
        };
        /**
         * Traffic
         * @description The split that gateways hold now.
         */
        Traffic: {
            live_variant: string;
            candidate: string;
            mode: string;
            share: number;
        };
        /**
         * Training
         * @description What began a training.
         */
        Training: {
            run_id: string;
            state: string;
            /** @enum {unknown} */
            by: "alert" | "person" | "schedule";
            sentence: string;
            link: components["schemas"]["Link"];
            created_ms: number;
        };
        /**
         * UsedBy
         * @description A variant that calls it, and as what.
         */
        UsedBy: {
            task: string;
            variant: string;
            live: boolean;
            /** @enum {unknown} */
            role: "context fallback" | "deployment" | "fallback";
        };
        /**
         * ValidationPoint
         * @description A look at the validation rows.
         */
        ValidationPoint: {
            step: number;
            at_ms: number;
            val_loss: number;
            val_exact: number;
            best: boolean;
        };
        /**
         * Values
         * @description What to render a version with.
         */
        Values: {
            /** @default {} */
            variables: Record<string, never>;
            /** @default [] */
            messages: Record<string, never>[];
        };
        /**
         * VariantRow
         * @description One way to do a task, as it stands.
         */
        VariantRow: {
            spec: components["schemas"]["VariantSpec"];
            /** @enum {unknown} */
            origin: "document" | "release";
            live: boolean;
            candidate_share: number;
            requests_day: number;
        };
        /**
         * VariantSpec
         * @description One way to do a task: prompt + model + parameters, served by deployments in order of preference.
         */
        VariantSpec: {
            name: string;
            deployments: string[];
            /** @default [] */
            fallbacks: string[];
            /** @default [] */
            context_fallbacks: string[];
            /** @default 0 */
            weight: number;
            /** @default 1 */
            retries: number;
            /** @default 0 */
            hedge_after_ms: number;
            /** @default  */
            model_id: string;
            /** @default {} */
            parameters: Record<string, never>;
            /** @default  */
            system: string;
            /** @default  */
            prompt: string;
        };
        /**
         * Verdict
         * @description A gate's answer.
         */
        Verdict: {
            verdict_id: string;
            gate: string;
            model_id: string;
            /** @default  */
            baseline_model_id: string;
            /** @enum {unknown} */
            outcome: "fail" | "insufficient_evidence" | "pass";
            reasons: components["schemas"]["Reason"][];
            /** @default 0 */
            created_ms: number;
        };
        /**
         * VerdictHead
         * @description A verdict as a page shows it.
         */
        VerdictHead: {
            verdict_id: string;
            gate: string;
            model_id: string;
            /** @default  */
            baseline_model_id: string;
            /** @enum {unknown} */
            outcome: "fail" | "insufficient_evidence" | "pass";
            reasons: components["schemas"]["Reason"][];
            /** @default 0 */
            created_ms: number;
        };
        /**
         * Version
         * @description One version without its templates.
         */
        Version: {
            id: string;
            version: number;
            hash: string;
            author: string;
            comment: string;
            created_ms: number;
            /** @default [] */
            labels: string[];
        };
        /**
         * VersionDifference
         * @description What two versions say otherwise.
         */
        VersionDifference: {
            name: string;
            before: components["schemas"]["Version"];
            after: components["schemas"]["Version"];
            unified: string;
            messages: components["schemas"]["MessageDifference"][];
            variables_added: string[];
            variables_removed: string[];
            variables_changed: string[];
        };
        VersionView: components["schemas"]["volant.api.manage.prompts.VersionView"];
        /**
         * Word
         * @description Why a person decides so.
         */
        Word: {
            /** @default  */
            comment: string;
        };
        /**
         * WorkerPlace
         * @description One deployment in one worker.
         */
        WorkerPlace: {
            worker: number;
            state: string;
            rests_ms: number;
            failures: number;
            in_flight: number;
            max_in_flight: number;
            ttft_ms: number;
        };
        /**
         * WorkflowStatus
         * @description One workflow as it stands.
         */
        WorkflowStatus: {
            workflow_id: string;
            name: string;
            /** @default  */
            project: string;
            /** @enum {unknown} */
            state: "cancelled" | "done" | "failed" | "running" | "waiting";
            /** @default null */
            output: unknown;
            /** @default {} */
            error: Record<string, never>;
            /** @default 0 */
            created_ms: number;
            /** @default 0 */
            updated_ms: number;
        };
        /**
         * VersionView
         * @description A dataset version without its long lists.
         */
        "volant.api.manage.datasets.VersionView": {
            id: string;
            name: string;
            version: number;
            parent_id: string;
            counts: {
                [key: string]: components["schemas"]["SplitCount"];
            };
            leaks: number;
            content_hash: string;
            state: string;
            created_ms: number;
            funnel: Record<string, never>;
        };
        /**
         * DeploymentView
         * @description One deployment. Its credentials are never shown.
         */
        "volant.api.manage.deployments.DeploymentView": {
            name: string;
            provider: string;
            model: string;
            base_url: string;
            source: string;
            /** @default  */
            model_id: string;
            /** @default  */
            engine: string;
            /** @default  */
            engine_state: string;
            /** @default null */
            healthy: boolean | null;
            /** @default  */
            missing: string;
        };
        /**
         * Difference
         * @description What applying would change, and what it would leave as the loop decided.
         */
        "volant.api.manage.documents.Difference": {
            revision: number;
            changes: components["schemas"]["Change"][];
            sentences: string[];
            held: components["schemas"]["Held"][];
            /** @default [] */
            warnings: string[];
        };
        /**
         * ModelFile
         * @description A file of a model: weights, tokenizer, GGUF.
         */
        "volant.api.manage.export.ModelFile": {
            path: string;
            size_bytes: number;
            sha256: string;
        };
        /**
         * VersionView
         * @description One version, whole.
         */
        "volant.api.manage.prompts.VersionView": {
            name: string;
            version: components["schemas"]["Version"];
            messages: components["schemas"]["PromptMessage"][];
            variables: {
                [key: string]: components["schemas"]["PromptVariable"];
            };
            /** @default [] */
            warnings: string[];
        };
        /**
         * Spender
         * @description A key, task or model, and what it used.
         */
        "volant.api.manage.spend.Spender": {
            title: string;
            use: components["schemas"]["volant.traces.usage.Use"];
        };
        /**
         * Difference
         * @description This report minus the baseline, paired by item, in the metric's own unit; 95 % confidence.
         */
        "volant.api.views._reports.Difference": {
            value: number;
            low: number;
            high: number;
            items: number;
            wins: number;
            losses: number;
            p: number | null;
        };
        /**
         * DeploymentView
         * @description One deployment.
         */
        "volant.api.views.deployments.DeploymentView": {
            name: string;
            provider: string;
            model: string;
            address: string;
            credentials: string;
            region: string;
            priority: number;
            weight: number;
            max_in_flight: number;
            requests_per_minute: number;
            tokens_per_minute: number;
            context_tokens: number;
            /** @enum {unknown} */
            origin: "document" | "release";
            model_id: string;
            engine: string;
            engine_state: string;
            restarts: number;
            healthy: boolean;
            hour: components["schemas"]["Metrics"] | null;
            day_requests: number;
            day_errors: number;
            day_cost_usd: number;
            day_fallbacks: number;
            minutes: number[];
            minute_errors: number[];
            calls: number;
            failed_calls: number;
            failures: components["schemas"]["Failures"][];
            used_by: components["schemas"]["UsedBy"][];
        };
        /**
         * KeyRow
         * @description One API key, never itself.
         */
        "volant.api.views.keys.KeyRow": {
            id: string;
            name: string;
            prefix: string;
            scopes: string[];
            tasks: string[];
            operations: string[];
            direct: boolean;
            limits: components["schemas"]["Limits"];
            expires_ms: number;
            revoked_ms: number;
            usable: boolean;
            created_ms: number;
            root: boolean;
            short_lived: boolean;
            burns: components["schemas"]["Burn"][];
            requests: number;
            cost_usd: number;
            tokens: number;
        };
        /**
         * Spender
         * @description A key, task or model, and what it used.
         */
        "volant.api.views.keys.Spender": {
            name: string;
            title: string;
            requests: number;
            errors: number;
            cache_hits: number;
            tokens: number;
            cost_usd: number;
            saved_usd: number;
            days: number[];
            day_requests: number[];
        };
        /**
         * ModelFile
         * @description A file of a model on the disk.
         */
        "volant.api.views.model.ModelFile": {
            path: string;
            size_bytes: number;
            sha256: string;
        };
        /**
         * KeyRow
         * @description One API key, never itself.
         */
        "volant.api.views.settings.KeyRow": {
            id: string;
            name: string;
            prefix: string;
            scopes: string[];
            tasks: string[];
            requests_per_minute: number;
            usd_per_day: number;
            expires_ms: number;
            revoked_ms: number;
            usable: boolean;
            created_ms: number;
        };
        /**
         * Use
         * @description A variant that is bound to a prompt.
         */
        "volant.registry.prompts.Use": {
            task: string;
            variant: string;
            reference: string;
        };
        /**
         * Use
         * @description What one key, task or model, or the project, used in some days.
         */
        "volant.traces.usage.Use": {
            name: string;
            /** @default  */
            day: string;
            requests: number;
            errors: number;
            cache_hits: number;
            input_tokens: number;
            output_tokens: number;
            cost_usd: number;
            saved_usd: number;
        };
        /** @description Any error. `code` is stable and stands in docs/errors.md. */
        Error: {
            error: {
                code: string;
                message: string;
                where: string;
                hint: string;
                retry_helps: boolean;
            };
        };
        /** @description Any error under /v1, as OpenAI's clients read it. */
        OpenAIError: {
            error: {
                message: string;
                type: string;
                param: string | null;
                code: string | null;
            };
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    health_healthz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: string;
                    };
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    health_readyz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description Not yet, or no longer */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    metrics_expose: {
        parameters: {
            query?: {
                /** @description Only this project's; for an installation's admin. */
                project?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    openai_models: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenAIModels"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenAIError"];
                };
            };
        };
    };
    openai_model: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenAIModel"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenAIError"];
                };
            };
        };
    };
    audit_list_audit: {
        parameters: {
            query?: {
                actor?: string;
                /** @description Whole, e.g. "key.create", or its noun and a dot: "key.". */
                action?: string;
                object_kind?: string;
                object_id?: string;
                /** @description Reads of what this person said; as the application names them. */
                user?: string;
                subject?: string;
                /** @description Unix milliseconds. */
                since_ms?: number;
                /** @description Unix milliseconds. */
                until_ms?: number;
                /** @description How many, at most. */
                limit?: number;
                /** @description `next_cursor` of the page before; empty: the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Entry_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    audit_verify: {
        parameters: {
            query?: {
                /** @description ID:HASH, noted before: it must still be in it. */
                head?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditCheck"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    audit_export: {
        parameters: {
            query?: {
                /** @description Whole, e.g. "key.create", or its noun and a dot: "key.". */
                action?: string;
                /** @description Unix milliseconds. */
                since_ms?: number;
                /** @description Unix milliseconds. */
                until_ms?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/jsonl": unknown;
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    backups_list_backups: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_Job_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    backups_create_backup: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewBackup"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    backups_verify_backup: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackupCheck"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    datasets_import_files: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": components["schemas"]["Body_datasets_import_files"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    datasets_add_traces: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TraceChoice"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FromTraces"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    datasets_add_case: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewCase"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CaseAdded"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    datasets_list_versions: {
        parameters: {
            query?: {
                name?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_VersionView_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    datasets_show_version: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                version_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    datasets_show_funnel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                version_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    datasets_show_leaks: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                version_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_Any_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    datasets_export_rows: {
        parameters: {
            query?: {
                /** @description Only these splits. */
                split?: string[] | null;
                /** @description 0: all. */
                limit?: number;
            };
            header?: never;
            path: {
                version_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/jsonl": unknown;
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    deployments_list_deployments: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_DeploymentView_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    description_openapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    documents_current: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Applied"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    documents_diff: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Documents"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Difference"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    documents_apply: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Documents"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Applied"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    erasures_list_erasures: {
        parameters: {
            query?: {
                state?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_Erasure_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    erasures_erase: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewErasure"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Started"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    erasures_get_erasure: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                erasure_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erasure"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    events_events: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    evidence_list_reports: {
        parameters: {
            query?: {
                model_id?: string;
                suite?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_Report_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    evidence_evaluate: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Evaluate"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Started"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    evidence_get_report: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                report_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Report"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    evidence_list_verdicts: {
        parameters: {
            query?: {
                model_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_Verdict_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    evidence_judge: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Judge"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Verdict"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    evidence_get_verdict: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                verdict_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Verdict"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    export_list_kinds: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_Kind_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    export_list_files: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_ModelFile_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    export_get_file: {
        parameters: {
            query: {
                name: string;
            };
            header?: never;
            path: {
                model_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    export_export_rows: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                kind: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/jsonl": unknown;
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    export_export_content: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                kind: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/jsonl": unknown;
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    feedback_give: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewFeedback"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Added"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    feedback_give_many: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Batch"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Given"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    inferences_list_inferences: {
        parameters: {
            query?: {
                task?: string;
                variant?: string;
                arm?: string;
                rollout_id?: string;
                item_prefix?: string;
                /** @description The user as the application names them. */
                user?: string;
                subject?: string;
                session?: string;
                fallback?: boolean | null;
                failed?: boolean | null;
                corrected?: boolean | null;
                /** @description Unix milliseconds. */
                since_ms?: number;
                /** @description Unix milliseconds. */
                until_ms?: number;
                /** @description How many, at most. */
                limit?: number;
                /** @description `next_cursor` of the page before; empty: the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Inference_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    inferences_items: {
        parameters: {
            query?: {
                prefix?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Items"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    inferences_get_inference: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                inference_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InferenceDetail"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    inferences_get_payload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                inference_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PayloadView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    keys_list_keys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_ApiKey_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    keys_create_key: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewKey"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeKey"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    keys_revoke_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKey"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    keys_change_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KeyChange"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKey"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    keys_rotate_key: {
        parameters: {
            query?: {
                grace_s?: number;
            };
            header?: never;
            path: {
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeKey"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    lineage_why: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                inference_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Chain"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    lineage_impact: {
        parameters: {
            query?: {
                /** @description As the application names them. */
                user?: string;
                subject?: string;
                record?: string;
                /** @description A dataset version's id, or a dataset's name: its newest. */
                dataset?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Impact"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    loop_train: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                task: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BuildOptions"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Started"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    loop_retrain: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                task: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Retrain"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Started"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    metrics_show: {
        parameters: {
            query?: {
                task?: string;
                variant?: string;
                by?: "minute_ms" | "task" | "variant" | "deployment" | "arm";
                /** @description Unix milliseconds; 0: an hour before `until_ms`. */
                since_ms?: number;
                /** @description Unix milliseconds; 0: now. */
                until_ms?: number;
                /** @description live, canary, shadow. Default: what callers saw. */
                arm?: string[] | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MetricsView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    models_list_models: {
        parameters: {
            query?: {
                name?: string;
                state?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_ModelVersion_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    models_get_model: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelVersion"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    monitors_list_monitors: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_MonitorView_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    monitors_list_alerts: {
        parameters: {
            query?: {
                task?: string;
                /** @description How many, at most. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_Alert_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    monitors_get_alert: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                alert_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Alert"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    session_start: {
        parameters: {
            query?: {
                next?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            302: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    session_callback: {
        parameters: {
            query?: {
                state?: string;
                code?: string;
                iss?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            302: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    people_list_people: {
        parameters: {
            query?: {
                /** @description Everybody of the installation (its admins only). */
                everywhere?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_MemberView_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    people_change_person: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                person_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PersonChange"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MemberView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    people_remove_person: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                person_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MemberView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    people_unlock: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                person_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MemberView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    people_reset_password: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                person_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeInvitation"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    people_list_invitations: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_InvitationRow_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    people_invite: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewInvitation"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeInvitation"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    people_setup_link: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SetupLink"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    people_uninvite: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                invitation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InvitationRow"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    playground_open_playground: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PlaygroundAsk"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlaygroundKey"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    projects_list_projects: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_MyProject_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    projects_create_project: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewProject"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    prompts_list_prompts: {
        parameters: {
            query?: {
                archived?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_Prompt_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    prompts_save: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PromptSpec"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Saved"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    prompts_get_prompt: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PromptView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    prompts_get_version: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    prompts_diff_versions: {
        parameters: {
            query: {
                /** @description A number, a label, or `latest`. */
                before: string;
                /** @description A number, a label, or `latest`. */
                after?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionDifference"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    prompts_render: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Values"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Rendered"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    prompts_check: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Draft"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Rendered"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    prompts_move_label: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
                label: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LabelTarget"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Move"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    prompts_archive: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Prompt"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    prompts_restore: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Prompt"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    releases_list_releases: {
        parameters: {
            query?: {
                task?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_Release_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    releases_make_release: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewRelease"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    releases_get_release: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                release_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    retention_show_retention: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RetentionView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    retention_sweep: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Swept"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    reviews_list_reviews: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                subject_kind: string;
                subject_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_Review_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    reviews_add_review: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewReview"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Review"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    rollouts_list_rollouts: {
        parameters: {
            query?: {
                task?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_Rollout_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    rollouts_start: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RolloutOptions"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Started"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    rollouts_get_rollout: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                rollout_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Rollout"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    rollouts_act: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                rollout_id: string;
                action: "promote" | "hold" | "resume" | "rollback";
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Word"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Rollout"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    runs_list_runs: {
        parameters: {
            query?: {
                kind?: string;
                state?: string;
                /** @description How many, at most. */
                limit?: number;
                /** @description `next_cursor` of the page before; empty: the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Run_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    runs_get_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    runs_progress: {
        parameters: {
            query?: {
                after?: number;
            };
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Progress"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    runs_cancel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    runs_resume: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Resume"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Started"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    runs_list_workflows: {
        parameters: {
            query?: {
                active?: boolean;
                /** @description How many, at most. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_WorkflowStatus_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    runs_get_workflow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                workflow_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkflowStatus"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    runs_cancel_workflow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                workflow_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkflowStatus"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    secrets_list_secrets: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_str_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    secrets_put_secret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SecretValue"];
            };
        };
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    secrets_remove_secret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    session_methods: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Methods"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    session_current: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    session_sign_in: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Password"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    session_sign_out: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    session_change_password: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPassword"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    session_list_sessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_LoginSession_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    session_end_session: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    session_invitation: {
        parameters: {
            query: {
                token: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InvitationView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    session_accept: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Acceptance"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    spend_show_spend: {
        parameters: {
            query?: {
                over?: "key" | "project" | "task" | "model";
                days?: number;
                /** @description only this key's id, task or model */
                name?: string | null;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SpendView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    tasks_list_tasks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listing_TaskView_"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    tasks_get_task: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                task: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_audit_view: {
        parameters: {
            query?: {
                actor?: string;
                /** @description Whole, e.g. "key.create", or its noun and a dot: "key.". */
                action?: string;
                object_kind?: string;
                object_id?: string;
                /** @description Reads of what this person said; as the application names them. */
                user?: string;
                /** @description Unix milliseconds. */
                since_ms?: number;
                /** @description Unix milliseconds. */
                until_ms?: number;
                /** @description How many, at most. */
                limit?: number;
                /** @description `next_cursor` of the page before; empty: the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_list_datasets: {
        parameters: {
            query?: {
                name?: string;
                limit?: number;
                /** @description `next_cursor` of the page before; empty: the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DatasetGraph"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_dataset_difference: {
        parameters: {
            query: {
                left: string;
                right: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DatasetDifference"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_show_dataset: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                version_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DatasetVersionView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_dataset_records: {
        parameters: {
            query?: {
                split?: string;
                limit?: number;
                /** @description `next_cursor` of the page before; empty: the first page. */
                cursor?: string;
            };
            header?: never;
            path: {
                version_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordPage"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_removed_examples: {
        parameters: {
            query?: {
                limit?: number;
            };
            header?: never;
            path: {
                version_id: string;
                step: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RemovedExamples"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_deployments_page: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentsView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_deployments_live: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LiveView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_list_erasures: {
        parameters: {
            query?: {
                state?: string;
                limit?: number;
                /** @description `next_cursor` of the page before; empty: the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErasureList"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_show_erasure: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                erasure_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErasureView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_keys_page: {
        parameters: {
            query?: {
                days?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeysView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_burn_down: {
        parameters: {
            query: {
                over: "key" | "project" | "task" | "model";
                budget: "usd_per_day" | "usd_per_month" | "tokens_per_day" | "tokens_per_month";
                /** @description the key's id, the task or model; none of a project */
                name?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BurnDown"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_why_picture: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                inference_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LineageView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_impact_picture: {
        parameters: {
            query?: {
                /** @description As the application names them. */
                user?: string;
                subject?: string;
                record?: string;
                /** @description A dataset version's id, or a dataset's name: its newest. */
                dataset?: string;
                /** @description A model's id or `name@version`. */
                model?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LineageView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_loop: {
        parameters: {
            query?: {
                task?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoopView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_show_model: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_models_page: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelsView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_people_view: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PeopleView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_playground_page: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlaygroundView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_list_releases: {
        parameters: {
            query?: {
                task?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReleaseList"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_show_release: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                release_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReleaseView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_list_reports: {
        parameters: {
            query?: {
                suite?: string;
                model_id?: string;
                limit?: number;
                /** @description `next_cursor` of the page before; empty: the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReportList"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_show_report: {
        parameters: {
            query?: {
                /** @description A report's id; empty: the base model's; `none`: nothing. */
                baseline?: string;
            };
            header?: never;
            path: {
                report_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReportView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_report_items: {
        parameters: {
            query?: {
                baseline?: string;
                only?: "" | "flips" | "better" | "worse" | "wrong" | "right";
                metric?: string;
                known?: boolean | null;
                limit?: number;
                /** @description `next_cursor` of the page before; empty: the first page. */
                cursor?: string;
            };
            header?: never;
            path: {
                report_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ItemPage"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_report_item: {
        parameters: {
            query: {
                item: string;
                baseline?: string;
            };
            header?: never;
            path: {
                report_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ItemText"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_list_runs: {
        parameters: {
            query?: {
                kind?: string;
                state?: string;
                limit?: number;
                /** @description `next_cursor` of the page before; empty: the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunList"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_compare_runs: {
        parameters: {
            query: {
                /** @description Run ids, comma-separated. */
                ids: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunComparison"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_show_run: {
        parameters: {
            query?: {
                /** @description `after` of the answer before: only what came since. */
                after?: number;
            };
            header?: never;
            path: {
                run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_settings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingsView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_revisions: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RevisionList"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_revision_difference: {
        parameters: {
            query: {
                left: number;
                right: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RevisionDifference"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_traces: {
        parameters: {
            query?: {
                /** @description How many, at most. */
                limit?: number;
                /** @description `next_cursor` of the page before; empty: the first page. */
                cursor?: string;
                numbers?: boolean;
                task?: string;
                variant?: string;
                deployment?: string;
                model?: string;
                model_id?: string;
                release_id?: string;
                rollout_id?: string;
                trace_id?: string;
                arm?: string;
                /** @description The user as the application names them. */
                user?: string;
                subject?: string;
                session?: string;
                key_id?: string;
                error_code?: string;
                /** @description Exactly; 4 and 5 mean 4xx and 5xx. */
                status?: number;
                item_prefix?: string;
                /** @description `name:value` */
                tag?: string;
                /** @description A kind; `any`: some. */
                finding?: string;
                failed?: boolean | null;
                fallback?: boolean | null;
                streamed?: boolean | null;
                /** @description Judged by this metric … */
                metric?: string;
                /** @description … with a value of at least this. */
                metric_min?: number | null;
                metric_max?: number | null;
                latency_ms_min?: number;
                latency_ms_max?: number;
                cost_usd_min?: number;
                cost_usd_max?: number;
                input_tokens_min?: number;
                input_tokens_max?: number;
                output_tokens_min?: number;
                output_tokens_max?: number;
                since_ms?: number;
                until_ms?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TraceList"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_session: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    views_trace: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                inference_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TraceView"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
}
