import { deliveryFaults } from './deliveries.ts';
import { diskFaults } from './disk.ts';
import { engineFaults } from './engine.ts';
import type { Fault } from './fault.ts';
import { killFaults } from './kills.ts';
import { linkFaults } from './links.ts';
import { serverFaults } from './servers.ts';

export const faults: readonly Fault[] = [
  ...killFaults,
  ...engineFaults,
  ...diskFaults,
  ...serverFaults,
  ...linkFaults,
  ...deliveryFaults,
];
