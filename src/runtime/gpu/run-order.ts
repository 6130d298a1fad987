/**
 * Keeps runs in call order when one of them waits for the host between its device segments. Runs
 * without host steps need none of this: they are enqueued whole, and the device's queue is in order.
 */
export class RunOrder {
  private tail: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  /** Whether a later run must wait. */
  get isBusy(): boolean {
    return this.waiting > 0;
  }

  /**
   * Runs `task` after all earlier ones. The next may start when the task settles, or when it calls
   * `release`, having enqueued all its work.
   */
  add<T>(task: (release: () => void) => Promise<T>): Promise<T> {
    this.waiting++;
    const result = this.tail.then(() => {
      let release: () => void = () => undefined;
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      const done = task(release);
      const over = Promise.race([
        released,
        done.then(
          () => undefined,
          () => undefined,
        ),
      ]);
      return { done, over };
    });
    this.tail = result
      .then(
        ({ over }) => over,
        () => undefined,
      )
      .then(() => {
        this.waiting--;
      });
    return result.then(({ done }) => done);
  }
}
