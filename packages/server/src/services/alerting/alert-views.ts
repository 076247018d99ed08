import type { Alert, AlertDetail } from '@streamflow/contracts';
import type { AlertRecord } from '../../domain/records/alerts.ts';

export function viewAlert({ id, body }: AlertRecord): Alert {
  const { timeline: _timeline, ...alert } = body;
  return { id, ...alert };
}

export const viewAlertDetail = ({ id, body }: AlertRecord): AlertDetail => ({ id, ...body });
