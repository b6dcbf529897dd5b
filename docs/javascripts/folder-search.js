/* Search in pages that were opened from a folder: browsers start no workers there, so the search runs in a hidden
 * frame that behaves like one. It knows messages in both directions, copied and later, as a worker's are. */
if (location.protocol === "file:") {
  window.Worker = class FrameWorker extends EventTarget {
    constructor(url) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.append(this.frame);
      const inside = this.frame.contentWindow;
      inside.postMessage = (data) => {
        const message = new MessageEvent("message", { data: structuredClone(data) });
        setTimeout(() => {
          this.dispatchEvent(message);
          this.onmessage?.(message);
        });
      };
      const script = inside.document.createElement("script");
      script.src = new URL(url, location.href).href;
      this.ready = new Promise((resolve) => {
        script.onload = resolve;
      });
      inside.document.head.append(script);
    }

    postMessage(data) {
      const inside = this.frame.contentWindow;
      const message = new MessageEvent("message", { data: inside.structuredClone(data) });
      this.ready.then(() => setTimeout(() => inside.onmessage?.(message)));
    }

    terminate() {
      this.frame.remove();
    }
  };
}
