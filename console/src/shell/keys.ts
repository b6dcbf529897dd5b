/**
 * Keys: shortcuts of the shell and of the page that is open. `g m` is one key after another; `mod+k` needs Ctrl or ⌘.
 *
 * Nothing happens while somebody types, or while a dialog is open (but for mod+… keys).
 */
import { useEffect, useRef, useSyncExternalStore } from "react";

export interface Shortcut {
  keys: string; // "j", "Enter", "g m", "mod+k", "?"
  label: string;
  run: (event: KeyboardEvent) => void;
  group?: string; // a heading in the list; the page's own stand under "This page"
}

const SEQUENCE_MS = 1200;
const stacks: Shortcut[][] = [];
const listeners = new Set<() => void>();
let all: Shortcut[] = [];

function changed() {
  all = stacks.flat();
  for (const listener of listeners) listener();
}

/** These keys work while the component is mounted; the newest wins. */
export function useShortcuts(shortcuts: Shortcut[]) {
  const newest = useRef(shortcuts);
  newest.current = shortcuts;
  const names = shortcuts.map((one) => `${one.keys} ${one.label}`).join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: new functions under the same names need no new entry
  useEffect(() => {
    const stack = newest.current.map((one, number) => ({
      ...one,
      run: (event: KeyboardEvent) => newest.current[number]?.run(event),
    }));
    stacks.push(stack);
    changed();
    return () => {
      stacks.splice(stacks.indexOf(stack), 1);
      changed();
    };
  }, [names]);
}

/** Every shortcut that works now. */
export function useAllShortcuts(): Shortcut[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => all,
  );
}

/** Listens on the document; one for the whole console. */
export function useKeyboard() {
  useEffect(() => {
    const reader = new KeyReader(() => all);
    const onKey = (event: KeyboardEvent) => reader.read(event, Date.now());
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}

/** Turns key presses into shortcuts. Pure but for what the shortcuts do. */
export class KeyReader {
  private before = "";
  private at = 0;

  constructor(private readonly shortcuts: () => Shortcut[]) {}

  read(event: KeyboardEvent, now: number): boolean {
    const key = nameOf(event);
    if (!key || event.defaultPrevented) return false;
    if (!key.startsWith("mod+") && (isTyping(event.target) || isDialogOpen(event.target))) return false;
    const sequence = this.before && now - this.at < SEQUENCE_MS ? `${this.before} ${key}` : key;
    this.before = "";
    const found = this.find(sequence) ?? this.find(key);
    if (found) {
      if (["Enter", " "].includes(key) && isControl(event.target)) return false; // a button's own key
      event.preventDefault();
      found.run(event);
      return true;
    }
    if (this.shortcuts().some((one) => one.keys.startsWith(`${key} `))) {
      this.before = key;
      this.at = now;
    }
    return false;
  }

  private find(keys: string): Shortcut | undefined {
    return this.shortcuts().findLast((one) => one.keys === keys);
  }
}

function nameOf(event: KeyboardEvent): string {
  if (["Shift", "Control", "Meta", "Alt"].includes(event.key)) return "";
  if (event.altKey) return "";
  if (event.ctrlKey || event.metaKey) return `mod+${event.key.toLowerCase()}`;
  return event.key;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const input = target.closest("input, textarea, select, [contenteditable=true], [role=slider]");
  return (
    !!input && !(input instanceof HTMLInputElement && ["checkbox", "radio", "button"].includes(input.type))
  );
}

function isControl(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && !!target.closest("button, a, summary, [role=button], [role=menuitem]")
  );
}

/** A modal dialog or an open menu has the keyboard for itself; a drawer beside the page has not. */
function isDialogOpen(target: EventTarget | null): boolean {
  if (target instanceof HTMLElement && target.closest("[role=menu], [role=listbox]")) return true;
  return !!document.querySelector("[role=dialog][aria-modal=true]");
}

/** `mod+k` → `Ctrl K`, or `⌘ K` on a Mac: one word per key. */
export function keyNames(keys: string): string[] {
  const mac = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.platform);
  return keys
    .split(/[ +]/)
    .map((key) =>
      key === "mod" ? (mac ? "⌘" : "Ctrl") : key.length === 1 && keys.includes("+") ? key.toUpperCase() : key,
    );
}
