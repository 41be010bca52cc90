// Runs before the theme's scripts. The browser's own workers are kept, since the shim that lets the search work on a page opened
// from a disk replaces them.
globalThis.NativeWorker = globalThis.Worker;

// The search index waits until the reader goes to the search: it is large, and most readers never do.
{
  const { open, send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, address, ...rest) {
    this.waits = /\/search_index\.json$/.test(address);
    open.call(this, method, address, ...rest);
  };
  XMLHttpRequest.prototype.send = function (...body) {
    if (!this.waits) return send.apply(this, body);
    const search = document.querySelector(".md-search");
    search.addEventListener("focusin", () => send.apply(this, body), { once: true });
  };
}
