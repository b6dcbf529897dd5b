/** One deployment: where it is, who uses it, its limits and prices. */
import { Drawer, format, KeyValue, StatusBadge } from "~/kit";
import { To } from "~/shell/To";
import css from "../settings.module.css";
import { type Deployment, stateOf } from "./columns";

export function DeploymentDrawer({ deployment, onClose }: { deployment: Deployment; onClose: () => void }) {
  const { spec } = deployment;
  const price = (value: number | null | undefined) =>
    value === null || value === undefined ? "as the price tables say" : `${format.usd(value)} per million`;
  return (
    <Drawer
      title={spec.name}
      label={`Deployment ${spec.name}`}
      width={520}
      actions={<StatusBadge state={stateOf(deployment)} />}
      onClose={onClose}
    >
      <div className={css.stack}>
        <KeyValue
          rows={[
            ["Provider", spec.provider],
            ["Model there", spec.model],
            ["Address", deployment.base_url || "the provider's own"],
            [
              "Model of ours",
              deployment.model_id ? (
                <To key="model" link={{ kind: "model", id: deployment.model_id }}>
                  {format.shortId(deployment.model_id)}
                </To>
              ) : (
                "no"
              ),
            ],
            [
              "Process",
              deployment.process
                ? `${deployment.process}, started again ${format.num(deployment.restarts)} times`
                : "somebody else's",
            ],
            ["Made by", deployment.origin === "release" ? "a release" : "volant.toml"],
            ["Used by", deployment.used_by.join(", ") || "no variant"],
          ]}
        />
        <section>
          <h3>The last day</h3>
          <KeyValue
            rows={[
              ["Requests", format.num(deployment.requests_day)],
              [
                "Errors",
                deployment.requests_day
                  ? `${format.num(deployment.errors_day)} (${format.percent(deployment.errors_day / deployment.requests_day)})`
                  : format.num(deployment.errors_day),
              ],
            ]}
          />
        </section>
        <section>
          <h3>Limits and price</h3>
          <KeyValue
            rows={[
              ["In flight at once", format.num(spec.max_in_flight ?? 256)],
              ["Weight", format.num(spec.weight ?? 1, 2)],
              ["Connects within", format.ms((spec.timeout_connect_s ?? 5) * 1000)],
              ["First token within", format.ms((spec.timeout_first_token_s ?? 60) * 1000)],
              ["Answers within", format.ms((spec.timeout_total_s ?? 300) * 1000)],
              ["Input tokens", price(spec.usd_per_million_input_tokens)],
              ["Output tokens", price(spec.usd_per_million_output_tokens)],
              [
                "Credentials",
                spec.api_key_ref
                  ? `the secret ${spec.api_key_ref}`
                  : spec.api_key_env
                    ? `$${spec.api_key_env} of the server`
                    : "none",
              ],
            ]}
          />
        </section>
      </div>
    </Drawer>
  );
}
