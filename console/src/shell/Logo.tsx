/** The mark: a flywheel, with the mass that keeps it turning on its rim. */

/** The wheel on its ground, as in favicon.svg. */
export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" fill="none" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="var(--v-accent-fill)" />
      <Wheel colour="#fff" />
    </svg>
  );
}

/** The wheel alone, as an icon of the navigation. */
export function LoopIcon({ size = 18 }: { size?: number | string; stroke?: number | string }) {
  return (
    <svg width={size} height={size} viewBox="4 4 24 24" fill="none" aria-hidden="true">
      <Wheel colour="currentColor" />
    </svg>
  );
}

function Wheel({ colour }: { colour: string }) {
  return (
    <>
      <g stroke={colour} strokeWidth="2.2" strokeLinecap="round">
        <path d="M24.6 12.2A9.4 9.4 0 1 0 25.4 16" />
        <path d="M16 12.6V6.8M18.9 17.7l5 2.9M13.1 17.7l-5 2.9" opacity=".75" />
      </g>
      <circle cx="16" cy="16" r="3.1" fill={colour} />
      <circle cx="25" cy="13.4" r="1.9" fill={colour} />
    </>
  );
}
