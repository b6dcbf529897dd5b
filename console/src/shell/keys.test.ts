import { beforeEach, describe, expect, it } from "vitest";
import { KeyReader, keyNames } from "./keys";

let ran: string[] = [];
const shortcut = (keys: string) => ({ keys, label: keys, run: () => ran.push(keys) });

function press(
  reader: KeyReader,
  key: string,
  at: number,
  more: KeyboardEventInit = {},
  target?: HTMLElement,
) {
  const event = new KeyboardEvent("keydown", { key, cancelable: true, bubbles: true, ...more });
  (target ?? document.body).dispatchEvent(event);
  return reader.read(event, at);
}

describe("keys", () => {
  beforeEach(() => {
    ran = [];
    document.body.innerHTML = "";
  });

  it("reads sequences within their time, and single keys", () => {
    const reader = new KeyReader(() => [shortcut("g m"), shortcut("m"), shortcut("j")]);
    press(reader, "g", 0);
    press(reader, "m", 500);
    press(reader, "g", 1000);
    press(reader, "m", 5000);
    press(reader, "j", 5001);
    expect(ran).toEqual(["g m", "m", "j"]);
  });

  it("leaves those alone who type, but for mod keys", () => {
    document.body.innerHTML = "<input>";
    const input = document.querySelector("input") as HTMLInputElement;
    const reader = new KeyReader(() => [shortcut("j"), shortcut("mod+k")]);
    press(reader, "j", 0, {}, input);
    press(reader, "k", 1, { ctrlKey: true }, input);
    expect(ran).toEqual(["mod+k"]);
  });

  it("leaves Enter to a focused button, and everything to an open dialog", () => {
    document.body.innerHTML = "<button>x</button>";
    const button = document.querySelector("button") as HTMLButtonElement;
    const reader = new KeyReader(() => [shortcut("Enter"), shortcut("j")]);
    press(reader, "Enter", 0, {}, button);
    document.body.innerHTML = '<div role="dialog" aria-modal="true"></div>';
    press(reader, "j", 1);
    expect(ran).toEqual([]);
    document.body.innerHTML = "";
    press(reader, "Enter", 2);
    expect(ran).toEqual(["Enter"]);
  });

  it("lets the newest of two win, and names keys", () => {
    const reader = new KeyReader(() => [{ ...shortcut("j"), run: () => ran.push("old") }, shortcut("j")]);
    press(reader, "j", 0);
    expect(ran).toEqual(["j"]);
    expect(keyNames("g m")).toEqual(["g", "m"]);
    expect(keyNames("mod+k").at(-1)).toBe("K");
  });
});
