/** Positions, `epoch-number`: the place of a commit in the server's commit order. */

/**
 * Less than 0 if a position lies before the other, 0 if they are the same, else more.
 *
 * An epoch is random at each start of the server, so positions of two epochs have no order, nor has one that is not
 * known: then it is NaN, and every comparison with it is false.
 */
export function order(position = '', other = ''): number {
  const [epoch, number] = position.split('-')
  const [otherEpoch, otherNumber] = other.split('-')
  return epoch === otherEpoch ? Number(number) - Number(otherNumber) : NaN
}
