// /// script
// [tool.gnomon]
// levels = ["next"]
// command = ["java", "-cp", "/usr/share/java/quartz2.jar:/usr/share/java/slf4j-api.jar"]
// check = ["sh", "-c", "command -v javac && test -f /usr/share/java/quartz2.jar"]
// debian = ["default-jdk-headless", "libquartz2-java"]
// ///
// Adapter: Quartz, its CronExpression and its SimpleTrigger. Quartz has a field of seconds first, and wants a ? in one of
// the two day fields: here five fields get the second 0, and one * among the days becomes a ?.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.TimeZone;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.quartz.CronExpression;
import org.quartz.SimpleTrigger;
import org.quartz.impl.triggers.SimpleTriggerImpl;

class QuartzAdapter {
    static final String PROFILE = """
        {
            "weekday_numbers": "sunday-1",
            "gap": "skipped",
            "fold": "second",
            "real_time": "never",
            "backward_ranges": "wrap",
            "step_on_number": "to-end",
            "large_steps": "refused",
            "steps_on_names": "ignored",
            "nicknames": "refused",
            "star_in_list": "accepted",
            "question_mark": "any",
            "last_day": "accepted",
            "nth_weekday": "and-last",
            "sixth_field": "seconds-first",
            "never_due": "accepted",
            "day_fields": "refused",
            "nearest_weekday": "accepted",
            "seventh_field": "year"
        }
        """;

    public static void main(String[] given) throws Exception {
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err); // what a library prints
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String verb = text(line, "do");
            if (verb.equals("bye")) {
                break;
            }
            out.println("{\"seq\":" + number(line, "seq") + "," + reply(verb, line) + "}");
        }
    }

    static String reply(String verb, String line) {
        if (verb.equals("hello")) {
            String version = CronExpression.class.getPackage().getImplementationVersion();
            return "\"protocol\":1,\"implementation\":{\"name\":\"quartz\",\"language\":\"java\","
                + "\"version\":" + quoted(version == null ? "2" : version) + "},"
                + "\"levels\":[\"next\"],\"definitions\":[\"cron\",\"every\",\"at\"],\"profile\":" + PROFILE.replace("\n", "");
        }
        if (!verb.equals("next")) {
            return "\"unsupported\":" + quoted(verb);
        }
        try {
            return "\"instants\":[" + String.join(",", instants(rule(line), line)) + "]";
        } catch (ParseException refused) {
            return "\"refused\":" + quoted(refused.getMessage());
        } catch (RuntimeException error) {
            return "\"error\":" + quoted(error.getStackTrace()[0] + "\n" + error);
        }
    }

    /** The first instant of a definition that is later than another one; null after the last. */
    static UnaryOperator<Date> rule(String line) throws ParseException {
        if (!text(line, "at").isEmpty() || number(line, "every") > 0) {
            var trigger = new SimpleTriggerImpl();
            boolean isOnce = !text(line, "at").isEmpty();
            trigger.setStartTime(Date.from(Instant.parse(text(line, isOnce ? "at" : "start"))));
            trigger.setRepeatCount(isOnce ? 0 : SimpleTrigger.REPEAT_INDEFINITELY);
            trigger.setRepeatInterval(1000L * number(line, "every"));
            return trigger::getFireTimeAfter;
        }
        var cron = new CronExpression(translated(text(line, "cron")));
        cron.setTimeZone(TimeZone.getTimeZone(text(line, "zone")));
        return cron::getNextValidTimeAfter;
    }

    static List<String> instants(UnaryOperator<Date> rule, String line) {
        var found = new ArrayList<String>();
        Date after = Date.from(Instant.parse(text(line, "after")));
        for (int left = number(line, "count"); left > 0; left--) {
            after = rule.apply(after);
            if (after == null) {
                break;
            }
            found.add(quoted(after.toInstant().toString()));
        }
        return found;
    }

    /** The definition as its author would write it for Quartz. */
    static String translated(String definition) {
        String[] fields = definition.trim().split("\\s+");
        if (fields.length == 5) {
            fields = ("0 " + String.join(" ", fields)).split(" ");
        }
        if (fields.length >= 6 && fields[5].equals("*") && !fields[3].equals("?")) {
            fields[5] = "?";
        } else if (fields.length >= 6 && fields[3].equals("*") && !fields[5].equals("?")) {
            fields[3] = "?";
        }
        return String.join(" ", fields);
    }

    // --- as much JSON as the protocol needs

    static int number(String line, String name) {
        Matcher found = Pattern.compile("\"" + name + "\":\\s*(\\d+)").matcher(line);
        return found.find() ? Integer.parseInt(found.group(1)) : 0;
    }

    static String text(String line, String name) {
        String string = "\"" + name + "\":\\s*\"((?:[^\"\\\\]|\\\\.)*)\"";
        Matcher found = Pattern.compile(string).matcher(line);
        if (!found.find()) {
            return "";
        }
        Matcher escape = Pattern.compile("\\\\(?:u([0-9a-fA-F]{4})|(.))").matcher(found.group(1));
        return escape.replaceAll(one -> Matcher.quoteReplacement(unescaped(one.group(1), one.group(2))));
    }

    static String unescaped(String code, String letter) {
        if (code != null) {
            return String.valueOf((char) Integer.parseInt(code, 16));
        }
        int index = "nrtbf".indexOf(letter);
        return index < 0 ? letter : String.valueOf("\n\r\t\b\f".charAt(index));
    }

    static String quoted(String text) {
        var quoted = new StringBuilder("\"");
        for (char letter : String.valueOf(text).toCharArray()) {
            if (letter == '"' || letter == '\\') {
                quoted.append('\\').append(letter);
            } else if (letter < ' ') {
                quoted.append(String.format("\\u%04x", (int) letter));
            } else {
                quoted.append(letter);
            }
        }
        return quoted.append('"').toString();
    }
}
