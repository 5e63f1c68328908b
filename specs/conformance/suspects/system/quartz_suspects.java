// /// script
// [tool.gnomon]
// debian = ["default-jdk-headless", "libquartz2-java"]
// [[tool.gnomon.suspect]]
// fault = "What follows a * or a number is not read; neither are empty terms and a step of 0."
// rules = ["JOB-4"]
// cases = ["JOB-4/out-of-range/08", "JOB-4/out-of-range/1?", "JOB-4/malformed/*", "JOB-4/drawn/*"]
// [[tool.gnomon.suspect]]
// fault = "A step larger than its field is refused after *, and accepted after a range."
// rules = ["FIRE-4"]
// cases = ["FIRE-4/large-steps/04"]
// [[tool.gnomon.suspect]]
// fault = "A job of a repeated hour is lost if it is asked for after its time in the first copy."
// rules = ["FIRE-5", "META-1"]
// cases = ["FIRE-5/fold-new-york/*"]
// ///
// Faults of Quartz, its CronExpression, without the adapter.
import java.text.ParseException;
import java.time.Instant;
import java.util.Date;
import java.util.TimeZone;
import org.quartz.CronExpression;

class QuartzSuspects {
    static String following(String definition, String asked) throws ParseException {
        var cron = new CronExpression(definition);
        cron.setTimeZone(TimeZone.getTimeZone("America/New_York"));
        var found = cron.getNextValidTimeAfter(Date.from(Instant.parse(asked))).toInstant();
        System.out.println(definition + " asked at " + asked + " is due at " + found);
        return found.toString();
    }

    static void expect(boolean holds) {
        if (!holds) {
            throw new AssertionError();
        }
    }

    public static void main(String[] given) throws ParseException {
        for (String minutes : new String[] {
            "*/0", "1.5", "0x10", "1,,2", ",1", "/5", "1-2-3", "**", "*5", "15-16/5#8-21", "*-/6", "1-2x/4"
        }) {
            following("0 " + minutes + " * * * ?", "2026-01-01T00:00:00Z");
        }
        following("0 0 0 ? JANUAR *", "2026-01-01T00:00:00Z");
        following("0 0 0 ? * \u017fUN", "2026-01-01T00:00:00Z");
        following("0 10-20/60 * * * ?", "2026-01-01T00:00:00Z");
        try {
            following("0 */61 * * * ?", "2026-01-01T00:00:00Z");
            throw new AssertionError();
        } catch (ParseException error) {
            System.out.println("*/61 is refused: " + error.getMessage());
        }
        // On 3 November 2024 the hour from 01:00 is repeated: 05:00Z to 06:00Z, and to 07:00Z.
        String daily = "0 30 1 * * ?";
        expect(following(daily, "2024-11-03T05:15:00Z").equals("2024-11-03T06:30:00Z"));
        expect(following(daily, "2024-11-03T05:45:00Z").equals("2024-11-04T06:30:00Z"));
        expect(following("0 0 1 * * ?", "2024-11-03T05:15:00Z").equals("2024-11-04T06:00:00Z"));
        expect(following("0 0 * * * ?", "2024-11-03T05:15:00Z").equals("2024-11-03T07:00:00Z"));
    }
}
