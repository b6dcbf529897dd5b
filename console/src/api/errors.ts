/** Errors of the API as people read them: message and hint. Knows the server's error body, nothing of pages. */

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly where: string;
  readonly hint: string;
  readonly retryHelps: boolean;

  constructor(status: number, body: Partial<ErrorBody>) {
    super(body.message || `the server answered ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.code = body.code ?? "";
    this.where = body.where ?? "";
    this.hint = body.hint ?? "";
    this.retryHelps = body.retry_helps ?? status >= 500;
  }
}

/** The request never reached the server, or no answer came back. */
export class OfflineError extends Error {
  constructor() {
    super("the server cannot be reached");
    this.name = "OfflineError";
  }
}

interface ErrorBody {
  code: string;
  message: string;
  where: string;
  hint: string;
  retry_helps: boolean;
}

/** Reads an error answer, whatever stands before us: JSON of ours, or a proxy's page. */
export async function errorOf(response: Response): Promise<ApiError> {
  try {
    const body = (await response.json()) as { error?: Partial<ErrorBody> };
    return new ApiError(response.status, body.error ?? {});
  } catch {
    return new ApiError(response.status, {});
  }
}

export interface Words {
  title: string;
  hint: string;
  retry: boolean;
}

/** What to show for anything thrown. */
export function words(error: unknown): Words {
  if (error instanceof ApiError) {
    return { title: sentence(error.message), hint: sentence(error.hint), retry: error.retryHelps };
  }
  if (error instanceof OfflineError) {
    return {
      title: "The server cannot be reached.",
      hint: "It is asked again as soon as it is back.",
      retry: true,
    };
  }
  const text = error instanceof Error ? error.message : String(error);
  return { title: "This part of the page failed.", hint: sentence(text), retry: true };
}

/** First letter large, full stop at the end. */
function sentence(text: string): string {
  const trimmed = text.trim();
  if (!trimmed) return "";
  const first = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?)`]$/.test(first) ? first : `${first}.`;
}
