/** So many steps of priority double an archive's share of the bandwidth. */
const stepsThatDouble = 12.5;
const usualPriority = 50;

/** Where archives share a limit, each gets bytes in proportion to this: 1 at the usual priority, 15 at the first, a sixteenth at the last. */
export function shareWeight(priority: number): number {
  return 2 ** ((usualPriority - priority) / stepsThatDouble);
}
