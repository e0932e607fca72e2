/* clock.h: a clock that only goes forward. */
#ifndef SIEM_CLOCK_H
#define SIEM_CLOCK_H

/* Seconds since some time of this machine. */
double siem_clock(void);

#endif
