/**
 * Tells the parent process, where there is one, that this one serves, and stops it in good order when the parent is
 * gone, however it went: no process is left behind.
 */
export function reportReady(news: { readonly url?: string }, stop: () => Promise<void>): void {
  if (process.send === undefined) return;
  process.once('disconnect', () => {
    void stop().finally(() => process.exit(0));
  });
  process.send({ ready: true, ...news });
}
