// Kept from before the shim that lets the search work on a page opened from a disk: it replaces the browser's own workers.
globalThis.NativeWorker = globalThis.Worker;
