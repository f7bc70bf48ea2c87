/* What the programs of this folder need of a board. A port to a real one writes these few functions. */
#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>
#include <stdint.h>

/* Write text where a person reads it: the first serial port. */
void board_write(const char *text);

/* A clock that counts up. Under QEMU a tick is so many instructions; 0 where they are not counted. */
uint32_t board_ticks(void);
extern const uint32_t board_instructions_per_tick;

extern const char board_name[];

/* End the program: a real board stops here. */
void board_exit(int code) __attribute__((noreturn));

/* Most bytes of stack that have been in use since the start. */
uint32_t board_stack_bytes(void);

/* The host's files, by semihosting: what stands in for a microphone. */
int board_open(const char *path); /* a file for reading; below 0 when there is none */
size_t board_read(int file, void *to, size_t bytes);
void board_command_line(char *to, size_t bytes); /* what the emulator was given as arguments */

#endif
