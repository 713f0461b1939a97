/** The shapes of listeners, for typed events. */
import type { EventEmitter } from 'node:events';

export type AnyListener = Parameters<EventEmitter['on']>[1];
export type EventName = string | symbol;

/** A name that is none of the known ones: those have a listener's shape to keep. */
export type OtherName<Events, Name> = Name extends keyof Events ? never : Name;

/** A known name, for completion, or any other. */
export type AnyName<Events> = keyof Events | (string & {}) | symbol;

/** Without type parameters: for a union of ours, or with the built-in's. */
export type CommonError = (err: NodeJS.ErrnoException) => void;
export type CommonClose = (hadError: boolean) => void;

/** A class's own functions, without its constructor. */
export type Statics<Class> = Omit<Class, 'prototype'>;
