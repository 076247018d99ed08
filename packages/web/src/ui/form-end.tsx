import { Button } from './button.tsx';
import { describeError } from './states.tsx';

export interface FormEndProps {
  /** Why it could not be done; null when nothing has failed. */
  readonly error: unknown;
  readonly isPending: boolean;
  readonly onCancel: () => void;
  /** What sending the form does, in a word. */
  readonly submit: string;
}

/** The end of a form in a dialog: what went wrong, and the way out and on. */
export const FormEnd = ({ error, isPending, onCancel, submit }: FormEndProps) => (
  <>
    {error === null ? null : (
      <p className="error-text" role="alert">
        {describeError(error)}
      </p>
    )}
    <div className="actions">
      <Button onClick={onCancel}>Cancel</Button>
      <Button disabled={isPending} kind="primary" type="submit">
        {submit}
      </Button>
    </div>
  </>
);
