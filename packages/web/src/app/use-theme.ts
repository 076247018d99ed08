import { useSyncExternalStore } from 'react';
import { currentTheme, onThemeChange, type Theme } from './theme.ts';

export const useTheme = (): Theme => useSyncExternalStore(onThemeChange, currentTheme);
