import { useEffect, useState } from 'react';
import { client } from '../../app/session.ts';
import { foldFrame, type LiveSeconds, noSeconds } from './live-frames.ts';

/** Follows the socket of live metrics for as long as it is shown. */
export function useLiveSeconds(): LiveSeconds & { readonly state: 'connecting' | 'live' | 'lost' } {
  const [known, setKnown] = useState(noSeconds);
  const [state, setState] = useState<'connecting' | 'live' | 'lost'>('connecting');
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another round is another connection
  useEffect(() => {
    const socket = client.followLiveMetrics({
      onFrame: (frame) => {
        // Seconds are missing: a new connection begins with a snapshot that has them.
        if (frame.type === 'gap') setRound((before) => before + 1);
        setKnown((before) => foldFrame(before, frame));
      },
      onState: setState,
    });
    return () => socket.close();
  }, [round]);
  return { ...known, state };
}
