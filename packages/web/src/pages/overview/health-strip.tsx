import { Link } from '@tanstack/react-router';
import { useHealth } from '../../app/health.ts';

/** Whether each service is well, in one line; more is on the page of the pipeline. */
export const HealthStrip = () => (
  <section aria-label="Health of the pipeline" className="panel health-strip">
    <h2>Pipeline</h2>
    {useHealth().map(({ service, state }) => (
      <span className="status" key={service}>
        <span className="dot" data-state={state} />
        {service}
        <span className="visually-hidden">
          {state === 'good' ? 'healthy' : state === 'bad' ? 'unhealthy' : 'being asked'}
        </span>
      </span>
    ))}
    <span className="grow" />
    <Link to="/pipeline">Details</Link>
  </section>
);
