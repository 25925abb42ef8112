/** One passage of the support handbook that the search goes through. */
export interface Passage {
  readonly title: string;
  readonly text: string;
}

export const HANDBOOK: readonly Passage[] = [
  { title: 'Refunds', text: 'Purchases are refunded in full within 30 days, to the card that was charged.' },
  { title: 'Response times', text: 'Premium customers hear from us within one hour, everybody else within one day.' },
  {
    title: 'Escalation',
    text: 'Hand a case on when money, safety or the law is involved, and say so to the customer.',
  },
  { title: 'Data requests', text: 'Customers get a copy of their data within 30 days. Ask the privacy team first.' },
  { title: 'Outages', text: 'During an outage link to the status page and promise no time that it does not name.' },
  { title: 'Tone', text: 'Short sentences, no jargon, and the answer before the explanation.' },
];
