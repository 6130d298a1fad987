/** Whether every compilation checks its own stages. Off for users, on in the tests. */
let verifying = false;

/** Turns verification on or off for compilations that do not say themselves. */
export function setVerification(on: boolean): void {
  verifying = on;
}

export const isVerifying = (): boolean => verifying;
