import { useView } from '../../app/use-view.ts';
import { DeadLetters } from './dead-letters.tsx';
import { Flow } from './flow.tsx';
import { Services } from './services.tsx';
import './pipeline.css';

export default function Pipeline() {
  const { zone } = useView();
  return (
    <>
      <Flow zone={zone} />
      <Services />
      <DeadLetters zone={zone} />
    </>
  );
}
