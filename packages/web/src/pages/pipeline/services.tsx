import type { HealthResponse } from '@streamflow/contracts';
import { type ServiceHealth, useHealth } from '../../app/health.ts';
import { formatValue } from '../../lib/format.ts';
import { describeError, Skeleton } from '../../ui/states.tsx';

const purposes: Readonly<Record<ServiceHealth['service'], string>> = {
  ingestion: 'takes events in',
  storage: 'keeps them and answers queries',
  analytics: 'computes metrics',
  alerting: 'watches the metrics',
  dashboard: 'serves these pages',
};

export const Services = () => (
  <section aria-label="Services" className="services">
    {useHealth().map((each) => (
      <article className="panel service" key={each.service}>
        <h2 className="status">
          <span className="dot" data-state={each.state} />
          {each.service}
          <span className="visually-hidden">
            {each.state === 'good' ? 'healthy' : each.state === 'bad' ? 'unhealthy' : ''}
          </span>
        </h2>
        <p className="quiet small">
          {purposes[each.service]}
          {each.health === undefined ? '' : `, version ${each.health.version}`}
        </p>
        {each.health !== undefined ? (
          <Checks checks={each.health.checks} />
        ) : each.error !== null ? (
          <p className="error-text small">{describeError(each.error)}</p>
        ) : (
          <Skeleton height={72} />
        )}
      </article>
    ))}
  </section>
);

const words = (name: string): string => name.replaceAll('_', ' ');

const Checks = ({ checks }: { readonly checks: HealthResponse['checks'] }) => (
  <dl className="checks">
    {Object.entries(checks).flatMap(([name, check]) => {
      if (typeof check === 'number') return [<Figure key={name} name={words(name)} value={check} />];
      const figures = Object.entries(check).filter(([, value]) => typeof value === 'number');
      return [
        <div key={name}>
          <dt>{words(name)}</dt>
          <dd className={check.status === 'healthy' ? undefined : 'error-text'}>
            {check.status === 'healthy' ? 'well' : (check.message ?? 'unhealthy')}
          </dd>
        </div>,
        ...figures.map(([of, value]) => (
          <Figure key={`${name} ${of}`} name={`${words(name)}: ${words(of)}`} value={Number(value)} />
        )),
      ];
    })}
  </dl>
);

const Figure = ({ name, value }: { readonly name: string; readonly value: number }) => (
  <div>
    <dt>{name}</dt>
    <dd>{formatValue(value, 'number')}</dd>
  </div>
);
