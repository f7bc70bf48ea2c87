#ifndef MEMORY_H
#define MEMORY_H

/* Prepare memory, run main, and end: what a board's reset does, once there is a stack. */
void memory_start(void) __attribute__((noreturn));

#endif
