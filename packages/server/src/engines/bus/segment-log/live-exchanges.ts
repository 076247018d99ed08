import type { Log } from '../../../domain/log.ts';
import type { LiveExchange, LiveMessage } from '../port.ts';
import { topicMatcher } from '../topic-pattern.ts';

interface Subscriber {
  readonly matches: (routingKey: string) => boolean;
  readonly onMessage: (message: LiveMessage) => void;
}

/** The live exchanges within one process. Subscribers are called after the publisher's turn, never within it. */
export class LiveExchanges {
  private readonly log: Log;
  private readonly subscribers: Readonly<Record<LiveExchange, Set<Subscriber>>> = {
    analytics: new Set(),
    alerts: new Set(),
  };

  constructor(log: Log) {
    this.log = log;
  }

  publish(exchange: LiveExchange, message: LiveMessage): void {
    const subscribers = this.subscribers[exchange];
    if (subscribers.size === 0) return;
    queueMicrotask(() => {
      for (const subscriber of subscribers) {
        if (subscriber.matches(message.routingKey)) this.deliver(subscriber, exchange, message);
      }
    });
  }

  /** Returns the end of the subscription. */
  subscribe(exchange: LiveExchange, pattern: string, onMessage: (message: LiveMessage) => void): () => void {
    const subscriber: Subscriber = { matches: topicMatcher(pattern), onMessage };
    this.subscribers[exchange].add(subscriber);
    return () => this.subscribers[exchange].delete(subscriber);
  }

  close(): void {
    for (const subscribers of Object.values(this.subscribers)) subscribers.clear();
  }

  private deliver(subscriber: Subscriber, exchange: LiveExchange, message: LiveMessage): void {
    try {
      subscriber.onMessage(message);
    } catch (error) {
      // One subscriber's defect must not take the message from the others.
      this.log.error('A subscriber of live messages threw', { error, exchange });
    }
  }
}
