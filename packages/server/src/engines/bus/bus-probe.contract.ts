import type { EventBatchHeaders } from '@streamflow/contracts';
import { vi } from 'vitest';
import type { Bus, ConsumeOptions, Consumption, Delivery, EventBatch, EventQueue } from './port.ts';

/** A batch whose body carries its name, padded to about `bytes`. */
export function batchNamed(name: string, bytes = 200, headers: Partial<EventBatchHeaders> = {}): EventBatch {
  const line = JSON.stringify({ id: name, data: { pad: 'x'.repeat(Math.max(0, bytes - 40)) } });
  return {
    headers: { schema: 1, project: 'default', type: 'custom', count: 1, client_ids: false, ...headers },
    body: Buffer.from(`${line}\n`),
  };
}

export function nameOf(batch: EventBatch): string {
  const line: unknown = JSON.parse(batch.body.toString());
  if (typeof line !== 'object' || line === null || !('id' in line) || typeof line.id !== 'string') {
    throw new Error('The body is not one that the test published');
  }
  return line.id;
}

export const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, position) => `${prefix}-${position}`);

export async function publishNamed(bus: Bus, list: readonly string[], bytes?: number): Promise<void> {
  for (const name of list) await bus.publish([batchNamed(name, bytes)]);
}

/** A consumer that keeps what it was handed, and answers as it is told. */
export class Probe {
  readonly deliveries: Delivery[] = [];
  readonly gaps: number[] = [];
  private consumption: Consumption | undefined;

  static async on(
    bus: Bus,
    queue: EventQueue,
    options: Partial<ConsumeOptions> & { readonly answer?: (delivery: Delivery) => void } = {},
  ): Promise<Probe> {
    const probe = new Probe();
    const { answer, ...consume } = options;
    probe.consumption = await bus.consume(queue, {
      prefetchBytes: 1_000_000,
      prefetchCount: 1000,
      onDelivery: (delivery) => {
        probe.deliveries.push(delivery);
        answer?.(delivery);
      },
      onGap: ({ batches }) => probe.gaps.push(batches),
      ...consume,
    });
    return probe;
  }

  get names(): string[] {
    return this.deliveries.map((delivery) => nameOf(delivery.batch));
  }

  /** The delivery at a position from the end, -1 the last. */
  at(position: number): Delivery {
    const delivery = this.deliveries.at(position);
    if (delivery === undefined) throw new Error(`There is no delivery ${position}`);
    return delivery;
  }

  async until(count: number): Promise<this> {
    await eventually(() => this.deliveries.length >= count, `${count} deliveries`);
    return this;
  }

  pause(): void {
    this.consumption?.pause();
  }

  resume(): void {
    this.consumption?.resume();
  }

  async close(): Promise<void> {
    await this.consumption?.close();
  }
}

export async function eventually(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  await vi.waitFor(
    async () => {
      if (!(await condition())) throw new Error(`Not in time: ${what}`);
    },
    { timeout: 30_000, interval: 5 },
  );
}
