// The one place that talks to the server: cookies of this origin alone, the CSRF value on each write, errors as
// sentences, and a login when the session is over.

const BASE = "/api/v1";
const TIMEOUT_MS = 30000;
const state = { session: null, may: new Set(), onLoggedOut: () => {} };

export class ApiError extends Error {
	constructor(status, code, text, field) {
		super(text);
		this.status = status;
		this.code = code;
		this.field = field;
	}
}

export function setSession(session) {
	state.session = session;
	state.may = new Set(session?.may ?? []);
}

export function session() {
	return state.session;
}

// Whether the account's role may call an operation of the API's description. The server checks again.
export function may(operation) {
	return state.may.has(operation);
}

export function whenLoggedOut(call) {
	state.onLoggedOut = call;
}

export function address(path, query) {
	const given = Object.entries(query ?? {}).filter(([, v]) => v !== "" && v !== null && v !== undefined);
	const text = new URLSearchParams(given.map(([k, v]) => [k, String(v)])).toString();
	return BASE + path + (text ? `?${text}` : "");
}

async function failure(reply) {
	let error = null;
	try {
		error = (await reply.json()).error;
	} catch {
		// a proxy's own page is no JSON: its status says enough
	}
	if (typeof error?.text === "string")
		return new ApiError(reply.status, String(error.code), error.text, error.field);
	return new ApiError(reply.status, "away", `The server answered with ${reply.status}.`);
}

async function call(method, path, { query, body, type = "application/json", signal } = {}) {
	const headers = { Accept: "application/json" };
	if (method !== "GET" && state.session)
		headers["X-CSRF-Token"] = state.session.csrf;
	if (body !== undefined)
		headers["Content-Type"] = type;
	const timeout = AbortSignal.timeout(TIMEOUT_MS);
	let reply;
	try {
		reply = await fetch(address(path, query), {
			method, headers, credentials: "same-origin", redirect: "error", cache: "no-store",
			body: body === undefined || typeof body === "string" || body instanceof Blob ? body : JSON.stringify(body),
			signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
		});
	} catch (e) {
		if (signal?.aborted)
			throw e;
		throw new ApiError(0, "away", timeout.aborted ? "The server has not answered in time."
			: "The server cannot be reached.");
	}
	if (!reply.ok) {
		const error = await failure(reply);
		if (error.status === 401 && state.session) {
			setSession(null);
			state.onLoggedOut();
		}
		throw error;
	}
	return reply.status === 204 || reply.status === 202 ? null : reply.json();
}

export const api = {
	get: (path, query, signal) => call("GET", path, { query, signal }),
	post: (path, body, options) => call("POST", path, { ...options, body }),
	put: (path, body, options) => call("PUT", path, { ...options, body }),
	patch: (path, body) => call("PATCH", path, { body }),
	del: (path, body) => call("DELETE", path, { body }),
};
