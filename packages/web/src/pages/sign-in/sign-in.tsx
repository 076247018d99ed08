import { StreamFlowApiError } from '@streamflow/client';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { signIn, whySignedOut } from '../../app/session.ts';
import { useView } from '../../app/use-view.ts';
import { oneOf } from '../../lib/view.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { describeError } from '../../ui/states.tsx';
import './sign-in.css';

const describeRefusal = (error: unknown): string =>
  error instanceof StreamFlowApiError && error.code === 'AuthenticationRequired'
    ? 'E-mail address and password do not belong together. Try again, or ask an administrator.'
    : describeError(error);

export function SignIn() {
  const { params } = useView();
  const navigate = useNavigate();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const expired = whySignedOut() === 'expired';

  useEffect(() => {
    document.title = 'Sign in · StreamFlow';
  }, []);

  const submit = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await signIn(email, password);
      const back = oneOf(params, 'back') ?? '/';
      // Only within the dashboard, whatever the address says.
      await navigate({ href: back.startsWith('/') && !back.startsWith('//') ? back : '/', replace: true });
    } catch (error) {
      setProblem(describeRefusal(error));
      setBusy(false);
    }
  };

  return (
    <main className="sign-in">
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <div className="sign-in-head">
          <img alt="" height={32} src="/icon.svg" width={32} />
          <h1>Sign in to StreamFlow</h1>
        </div>
        {expired && problem === null ? (
          <p className="notice" role="status">
            Your session has ended. Sign in to go on where you were.
          </p>
        ) : null}
        <Field label="E-mail address">
          <input
            autoComplete="username"
            // biome-ignore lint/a11y/noAutofocus: there is nothing else on this page
            autoFocus
            className="input"
            onChange={(event) => setEmail(event.target.value)}
            required
            type="text"
            value={email}
          />
        </Field>
        <Field label="Password">
          <input
            autoComplete="current-password"
            className="input"
            onChange={(event) => setPassword(event.target.value)}
            required
            type="password"
            value={password}
          />
        </Field>
        <p aria-live="assertive" className="error-text sign-in-problem">
          {problem}
        </p>
        <Button disabled={busy} kind="primary" type="submit">
          {busy ? 'Signing in…' : 'Sign in'}
        </Button>
        <p className="quiet small">
          The first start printed the administrator's address and password in the terminal. Lost?{' '}
          <code>npx streamflow user passwd</code> sets another one on the server's machine.
        </p>
      </form>
    </main>
  );
}
