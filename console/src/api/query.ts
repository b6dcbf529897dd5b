/** The query client: when to ask again. A refusal is final; a lost server is asked again. */
import { QueryClient } from "@tanstack/react-query";
import { ApiError, OfflineError } from "./errors";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      gcTime: 5 * 60_000,
      networkMode: "always", // the server may be on this machine while the network is away
      refetchOnWindowFocus: true,
      retry: (count, error) => {
        if (error instanceof OfflineError) return count < 5;
        return error instanceof ApiError && error.status >= 500 && error.retryHelps && count < 2;
      },
      retryDelay: (count) => Math.min(500 * 2 ** count, 8000),
    },
    mutations: { networkMode: "always" },
  },
});
