/** Roles in a sentence each; the table under "Roles" is the server's own. */
export const ROLES: Record<string, string> = {
  admin: "Everything in this project, people and erasure included.",
  engineer: "Configures, trains, releases, makes keys; no people, no erasure.",
  scientist: "Data, training and evaluation; reads what people wrote.",
  annotator: "Judges answers; reads what people wrote.",
  reviewer: "Signs reviews, reads evidence and the audit log.",
  operator: "Releases and operates; reads no personal content.",
  viewer: "Reads numbers, states and reports; changes nothing.",
};
